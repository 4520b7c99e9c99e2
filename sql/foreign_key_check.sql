-- Rows that refer to what is not there: table, row, table referred to.
PRAGMA foreign_key_check
