-- The tags and notes of a run in the order in which they were added; not those of single executions.
SELECT tag, note FROM tag_rows WHERE run_id = :run_id AND execution_id IS NULL ORDER BY tag_id
