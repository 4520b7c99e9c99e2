-- The execution that made, or is about to make, what is at a path.
INSERT INTO path_owners (path_id, execution_id) VALUES (:path_id, :execution_id)
ON CONFLICT (path_id) DO UPDATE SET execution_id = excluded.execution_id
