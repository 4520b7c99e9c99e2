-- Off by default in every connection of SQLite.
PRAGMA foreign_keys = ON
