-- SQLite leaves them off unless told for each connection.
PRAGMA foreign_keys = ON
