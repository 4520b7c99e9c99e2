-- Outputs of some executions (a JSON array of execution IDs) that were not read as metrics files.
SELECT x.execution_id, p.path FROM json_each(:execution_ids) chosen
JOIN execution_outputs x ON x.execution_id = chosen.value
JOIN artifacts a ON a.artifact_id = x.artifact_id JOIN paths p ON p.path_id = a.path_id
WHERE x.metrics_read IS NULL
