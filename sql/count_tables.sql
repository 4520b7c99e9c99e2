-- Whether a file without our mark is empty or somebody else's.
SELECT count(*) FROM sqlite_schema
