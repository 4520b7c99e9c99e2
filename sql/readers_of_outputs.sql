-- The later executions that read what an execution made, or something in it, before another execution made the same
-- again; newest first.
SELECT l.execution_id FROM input_makers l WHERE l.maker_id = :execution_id
UNION
SELECT i.execution_id
FROM execution_outputs o
JOIN execution_inputs i ON i.artifact_id = o.artifact_id AND i.execution_id > o.execution_id
WHERE o.execution_id = :execution_id
  AND NOT EXISTS (SELECT 1 FROM execution_outputs x
                  WHERE x.artifact_id = o.artifact_id AND x.execution_id > o.execution_id
                    AND x.execution_id < i.execution_id)
UNION
SELECT e.execution_id
FROM execution_outputs o
JOIN discovered_inputs d ON d.artifact_id = o.artifact_id
JOIN execution_rows e ON e.discovered_set_id = d.discovered_set_id AND e.execution_id > o.execution_id
WHERE o.execution_id = :execution_id
  AND NOT EXISTS (SELECT 1 FROM execution_outputs x
                  WHERE x.artifact_id = o.artifact_id AND x.execution_id > o.execution_id
                    AND x.execution_id < e.execution_id)
ORDER BY execution_id DESC LIMIT :limit
