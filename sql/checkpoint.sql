-- Flushes the write-ahead log to the disk and copies it into the store as far as no reader is in the way.
PRAGMA wal_checkpoint (PASSIVE)
