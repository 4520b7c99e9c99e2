-- The executions that read exactly this content, at any path or at one, newest first.
SELECT i.execution_id, p.path
FROM artifacts a
JOIN execution_inputs i ON i.artifact_id = a.artifact_id
JOIN paths p ON p.path_id = a.path_id
WHERE a.sha256 = :sha256 AND a.digest_kind = :digest_kind AND (:path IS NULL OR p.path = :path)
UNION ALL
SELECT e.execution_id, p.path
FROM artifacts a
JOIN discovered_inputs d ON d.artifact_id = a.artifact_id
JOIN execution_rows e ON e.discovered_set_id = d.discovered_set_id
JOIN paths p ON p.path_id = a.path_id
WHERE a.sha256 = :sha256 AND a.digest_kind = :digest_kind AND (:path IS NULL OR p.path = :path)
ORDER BY 1 DESC LIMIT :limit
