-- With many commits a second, checkpoints are made by the clock (checkpoint.sql). This bounds the size of the log, to
-- 64 MB, if one second writes more.
PRAGMA wal_autocheckpoint = 16384
