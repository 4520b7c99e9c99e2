-- With a write-ahead log: a crash of the machine may lose the last commits, never the store.
PRAGMA synchronous = NORMAL
