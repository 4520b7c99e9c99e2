-- What an execution read without naming it.
SELECT p.path, a.digest_kind, a.sha256, a.size_bytes
FROM execution_rows e
JOIN discovered_inputs d ON d.discovered_set_id = e.discovered_set_id
JOIN artifacts a ON a.artifact_id = d.artifact_id
JOIN paths p ON p.path_id = a.path_id
WHERE e.execution_id = :execution_id ORDER BY p.path
