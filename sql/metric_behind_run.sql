-- For each stage that a run is based on, the last values of a metric: that of the execution used, and earlier ones.
WITH taken AS (
  SELECT e.execution_id FROM execution_rows e WHERE e.run_id = :run_id
  UNION
  SELECT d.execution_id FROM decisions d WHERE d.run_id = :run_id AND d.verdict IN ('fresh', 'restored')
), chosen AS (
  SELECT e.stage_id, max(e.execution_id) AS execution_id
  FROM taken t JOIN execution_rows e ON e.execution_id = t.execution_id
  WHERE e.state = 'succeeded' AND e.rejected = 0 GROUP BY e.stage_id
)
SELECT s.stage_id, s.name, s.template, c.execution_id, m.execution_id, m.value, m.value_text
FROM chosen c
JOIN stages s ON s.stage_id = c.stage_id
JOIN names n ON n.name = :name
JOIN execution_rows e ON e.stage_id = c.stage_id AND e.state = 'succeeded' AND e.rejected = 0
  AND e.execution_id <= c.execution_id
JOIN metric_points m ON m.metric_point_id =
  (SELECT max(l.metric_point_id) FROM metric_points l WHERE l.execution_id = e.execution_id AND l.name_id = n.name_id)
ORDER BY s.stage_id, m.execution_id
