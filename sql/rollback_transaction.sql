-- Drops what a transaction wrote.
ROLLBACK
