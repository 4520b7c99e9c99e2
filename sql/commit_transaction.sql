-- Makes what a transaction wrote visible and, as far as the journal promises, durable.
COMMIT
