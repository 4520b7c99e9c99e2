-- Readers and the one writer do not block each other; for local disks.
PRAGMA journal_mode = WAL
