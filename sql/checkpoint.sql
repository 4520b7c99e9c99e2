-- Flushes the write-ahead log to the disk and copies it into the store as far as readers allow.
PRAGMA wal_checkpoint (PASSIVE)
