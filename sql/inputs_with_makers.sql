-- The inputs of an execution, discovered ones included, each with the newest earlier execution that made it, or made what
-- it lies in or contains, as in the view lineage_params.
SELECT n.name, p.path, a.digest_kind, a.sha256, a.size_bytes,
  coalesce(l.maker_id, (SELECT max(o.execution_id) FROM execution_outputs o
   WHERE o.artifact_id = i.artifact_id AND o.execution_id < i.execution_id)) AS maker
FROM execution_inputs i
LEFT JOIN input_makers l ON l.execution_id = i.execution_id AND l.artifact_id = i.artifact_id
JOIN artifacts a ON a.artifact_id = i.artifact_id
JOIN paths p ON p.path_id = a.path_id
JOIN names n ON n.name_id = i.name_id
WHERE i.execution_id = :execution_id
UNION ALL
SELECT 'discovered', p.path, a.digest_kind, a.sha256, a.size_bytes,
  (SELECT max(o.execution_id) FROM execution_outputs o
   WHERE o.artifact_id = d.artifact_id AND o.execution_id < e.execution_id)
FROM execution_rows e
JOIN discovered_inputs d ON d.discovered_set_id = e.discovered_set_id
JOIN artifacts a ON a.artifact_id = d.artifact_id
JOIN paths p ON p.path_id = a.path_id
WHERE e.execution_id = :execution_id
ORDER BY 2
