-- The same among the executions of some stages (a JSON array of stage IDs), found by stage.
WITH valued AS MATERIALIZED (
  SELECT e.execution_id, e.run_id, e.stage_id, e.started_at, e.repetition,
    (SELECT CASE WHEN l.step IS NULL THEN l.value ELSE
        (SELECT h.value FROM metric_points h WHERE h.execution_id = l.execution_id AND h.name_id = l.name_id
         ORDER BY h.step DESC, h.metric_point_id DESC LIMIT 1) END
     FROM metric_points l WHERE l.execution_id = e.execution_id AND l.name_id = :name_id
     ORDER BY l.metric_point_id DESC LIMIT 1) AS value
  FROM json_each(:stage_ids) chosen CROSS JOIN execution_rows e ON e.stage_id = chosen.value
  WHERE e.state = 'succeeded' AND e.rejected = 0
), repeats AS (
  SELECT v.execution_id, v.run_id, v.stage_id, v.started_at, v.value,
    row_number() OVER (PARTITION BY v.run_id, v.stage_id ORDER BY v.value) AS place,
    count(*) OVER (PARTITION BY v.run_id, v.stage_id) AS number
  FROM valued v WHERE v.repetition IS NOT NULL AND v.value IS NOT NULL
), counted AS (
  SELECT v.execution_id, v.run_id, v.stage_id, v.started_at, v.value FROM valued v
  WHERE v.repetition IS NULL AND v.value IS NOT NULL
  UNION ALL
  SELECT max(r.execution_id), r.run_id, r.stage_id, max(r.started_at),
    avg(CASE WHEN r.place IN ((r.number + 1) / 2, (r.number + 2) / 2) THEN r.value END)
  FROM repeats r GROUP BY r.run_id, r.stage_id
)
SELECT v.execution_id, v.run_id, p.name AS pipeline, s.name AS stage, v.started_at, v.value
FROM counted v JOIN stages s ON s.stage_id = v.stage_id JOIN pipelines p ON p.pipeline_id = s.pipeline_id
ORDER BY CASE WHEN :is_largest THEN -v.value ELSE v.value END, v.execution_id DESC LIMIT :limit
