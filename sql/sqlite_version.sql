-- The version of the SQLite library.
SELECT sqlite_version()
