-- The tags of a run or of one of its executions.
SELECT tag FROM tag_rows WHERE run_id = :run_id AND execution_id IS :execution_id AND tag IS NOT NULL ORDER BY tag_id
