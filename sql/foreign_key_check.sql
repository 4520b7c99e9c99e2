-- Broken references: table, row, table referred to.
PRAGMA foreign_key_check
