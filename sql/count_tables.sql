-- Whether a file without our mark is empty or belongs to another program.
SELECT count(*) FROM sqlite_schema
