-- A tag or a note.
INSERT INTO tag_rows (run_id, execution_id, tag, note, created_at)
VALUES (:run_id, :execution_id, :tag, :note, :created_at)
