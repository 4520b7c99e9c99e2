-- Deletes a note.
DELETE FROM tag_rows WHERE run_id = :run_id AND execution_id IS :execution_id AND note = :note
