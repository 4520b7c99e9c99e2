-- The newest succeeded execution that made exactly this content at a path.
SELECT o.execution_id FROM paths p
JOIN artifacts a ON a.path_id = p.path_id
JOIN execution_outputs o ON o.artifact_id = a.artifact_id
WHERE p.path = :path AND a.sha256 = :sha256 AND a.digest_kind = :digest_kind
ORDER BY o.execution_id DESC LIMIT 1
