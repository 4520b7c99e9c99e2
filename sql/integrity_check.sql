-- One row `ok`, or one row for each problem of the file.
PRAGMA integrity_check
