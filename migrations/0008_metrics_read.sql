-- Whether an output was read as a metrics file: 1; NULL if not, or by an earlier version. A file that was not declared as
-- one when it was made is read later.
ALTER TABLE execution_outputs ADD COLUMN metrics_read INTEGER CHECK (metrics_read = 1);
