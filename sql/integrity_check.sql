-- Whether the file is sound: one row `ok`, or a row for each thing that is wrong.
PRAGMA integrity_check
