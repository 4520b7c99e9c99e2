-- Makes a transaction visible and, as far as the journal mode guarantees, durable.
COMMIT
