-- The labels of a run and the remarks on it, in the order in which they were made; not those on single executions.
SELECT tag, note FROM tag_rows WHERE run_id = :run_id AND execution_id IS NULL ORDER BY tag_id
