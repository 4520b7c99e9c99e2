-- The same for some stages (a JSON array of stage IDs).
SELECT c.execution_id, n.name, p.path, a.digest_kind, a.sha256, a.size_bytes
FROM json_each(:stage_ids) chosen JOIN stages s ON s.stage_id = chosen.value
JOIN current_executions c ON c.stage_id = s.stage_id
JOIN execution_outputs o ON o.execution_id = c.execution_id
JOIN artifacts a ON a.artifact_id = o.artifact_id
JOIN paths p ON p.path_id = a.path_id
JOIN names n ON n.name_id = o.name_id
