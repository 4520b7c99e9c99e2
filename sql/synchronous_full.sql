-- With a rollback journal: every commit reaches the disk.
PRAGMA synchronous = FULL
