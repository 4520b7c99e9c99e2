-- Works without shared memory; for network file systems.
PRAGMA journal_mode = DELETE
