-- The succeeded executions with the largest (or smallest) newest value of a metric; among equal ones the newest first.
-- NaN and infinities are ignored. Executions that reported the metric are found by one seek each, however many values
-- each reported and however many others exist. Materialized, so that each value is looked up once.
WITH RECURSIVE reporting (execution_id) AS (
  SELECT min(m.execution_id) FROM metric_points m WHERE m.name_id = :name_id
  UNION ALL
  SELECT (SELECT min(m.execution_id) FROM metric_points m
          WHERE m.name_id = :name_id AND m.execution_id > reporting.execution_id)
  FROM reporting WHERE reporting.execution_id IS NOT NULL
), valued AS MATERIALIZED (
  SELECT e.execution_id, e.run_id, e.stage_id, e.started_at,
    (SELECT l.value FROM metric_points l WHERE l.execution_id = e.execution_id AND l.name_id = :name_id
     ORDER BY l.metric_point_id DESC LIMIT 1) AS value
  FROM reporting CROSS JOIN execution_rows e ON e.execution_id = reporting.execution_id
  WHERE e.state = 'succeeded' AND e.rejected = 0
)
SELECT v.execution_id, v.run_id, s.name AS stage, v.started_at, v.value
FROM valued v JOIN stages s ON s.stage_id = v.stage_id
WHERE v.value IS NOT NULL
ORDER BY CASE WHEN :is_largest THEN -v.value ELSE v.value END, v.execution_id DESC LIMIT :limit
