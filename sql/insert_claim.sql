-- A path that a running execution holds.
INSERT INTO path_claims (path_id, execution_id, is_output) VALUES (:path_id, :execution_id, :is_output)
ON CONFLICT DO NOTHING
