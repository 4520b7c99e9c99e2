-- Another number as soon as another program has committed anything since this connection last asked.
PRAGMA data_version
