-- Whether a run, or one of its executions, has a tag.
SELECT tag_id FROM tag_rows WHERE run_id = :run_id AND execution_id IS :execution_id AND tag = :tag
