-- At a second's commits of short stages, the log is copied into the store by the clock (checkpoint.sql); this bounds its
-- size, to 64 MB, where one second writes more.
PRAGMA wal_autocheckpoint = 16384
