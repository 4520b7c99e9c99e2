-- The mark of a store of runs in an SQLite file: the letters "runs".
PRAGMA application_id
