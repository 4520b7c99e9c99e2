-- The outputs of an execution.
SELECT n.name, p.path, a.digest_kind, a.sha256, a.size_bytes
FROM execution_outputs x
JOIN artifacts a ON a.artifact_id = x.artifact_id
JOIN paths p ON p.path_id = a.path_id
JOIN names n ON n.name_id = x.name_id
WHERE x.execution_id = :execution_id ORDER BY p.path
