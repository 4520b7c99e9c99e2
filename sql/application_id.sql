-- What marks an SQLite file as a store of runs: the letters "runs".
PRAGMA application_id
