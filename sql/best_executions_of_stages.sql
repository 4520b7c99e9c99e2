-- The same among the executions of some stages (a JSON array of stage IDs), found by stage.
WITH valued AS MATERIALIZED (
  SELECT e.execution_id, e.run_id, e.stage_id, e.started_at,
    (SELECT l.value FROM metric_points l WHERE l.execution_id = e.execution_id AND l.name_id = :name_id
     ORDER BY l.metric_point_id DESC LIMIT 1) AS value
  FROM json_each(:stage_ids) chosen CROSS JOIN execution_rows e ON e.stage_id = chosen.value
  WHERE e.state = 'succeeded' AND e.rejected = 0
)
SELECT v.execution_id, v.run_id, s.name AS stage, v.started_at, v.value
FROM valued v JOIN stages s ON s.stage_id = v.stage_id
WHERE v.value IS NOT NULL
ORDER BY CASE WHEN :is_largest THEN -v.value ELSE v.value END, v.execution_id DESC LIMIT :limit
