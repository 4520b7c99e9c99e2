-- Which journal the file has.
PRAGMA journal_mode
