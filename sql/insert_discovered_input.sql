-- A member of a new set.
INSERT INTO discovered_inputs (discovered_set_id, artifact_id) VALUES (:discovered_set_id, :artifact_id)
