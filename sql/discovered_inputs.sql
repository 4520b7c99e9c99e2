-- The members of a set.
SELECT p.path, a.digest_kind, a.sha256, a.size_bytes
FROM discovered_inputs d
JOIN artifacts a ON a.artifact_id = d.artifact_id
JOIN paths p ON p.path_id = a.path_id
WHERE d.discovered_set_id = :discovered_set_id ORDER BY p.path
