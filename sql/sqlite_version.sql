-- The library that reads the file.
SELECT sqlite_version()
