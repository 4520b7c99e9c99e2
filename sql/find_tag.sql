-- Whether a run, or an execution of it, bears a label.
SELECT tag_id FROM tag_rows WHERE run_id = :run_id AND execution_id IS :execution_id AND tag = :tag
