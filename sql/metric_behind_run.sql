-- For each stage that a run is based on, the last values of a metric: those of the run that executed it, and of earlier
-- runs; several of each run that repeated the stage.
WITH taken AS (
  SELECT e.execution_id FROM execution_rows e WHERE e.run_id = :run_id
  UNION
  SELECT d.execution_id FROM decisions d WHERE d.run_id = :run_id AND d.verdict IN ('fresh', 'restored')
), chosen AS (
  SELECT e.stage_id, max(e.run_id) AS run_id
  FROM taken t JOIN execution_rows e ON e.execution_id = t.execution_id
  WHERE e.state = 'succeeded' AND e.rejected = 0 GROUP BY e.stage_id
)
SELECT s.stage_id, s.name, s.template, c.run_id, e.run_id, m.value, m.value_text
FROM chosen c
JOIN stages s ON s.stage_id = c.stage_id
JOIN names n ON n.name = :name
JOIN execution_rows e ON e.stage_id = c.stage_id AND e.state = 'succeeded' AND e.rejected = 0
  AND e.run_id <= c.run_id
JOIN metric_points m ON m.metric_point_id =
    (SELECT CASE WHEN l.step IS NULL THEN l.metric_point_id ELSE
        (SELECT h.metric_point_id FROM metric_points h WHERE h.execution_id = l.execution_id AND h.name_id = l.name_id
         ORDER BY h.step DESC, h.metric_point_id DESC LIMIT 1) END
     FROM metric_points l WHERE l.execution_id = e.execution_id AND l.name_id = n.name_id
     ORDER BY l.metric_point_id DESC LIMIT 1)
ORDER BY s.stage_id, e.run_id, e.execution_id
