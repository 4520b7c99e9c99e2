-- The outputs of those executions, in the same order of stages.
SELECT c.execution_id, n.name, p.path, a.digest_kind, a.sha256, a.size_bytes
FROM stages s
JOIN current_executions c ON c.stage_id = s.stage_id
JOIN execution_outputs o ON o.execution_id = c.execution_id
JOIN artifacts a ON a.artifact_id = o.artifact_id
JOIN paths p ON p.path_id = a.path_id
JOIN names n ON n.name_id = o.name_id
WHERE s.pipeline_id = :pipeline_id
