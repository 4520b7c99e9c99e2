-- Changes as soon as another process has committed anything since this connection last asked.
PRAGMA data_version
