-- For each stage that a run is based on (executed in it, or fresh or restored from an earlier run), what its successes
-- used: those of the run that executed it, and a bounded number of earlier ones, few of each run's repeats.
WITH taken AS (
  SELECT e.execution_id FROM execution_rows e WHERE e.run_id = :run_id
  UNION
  SELECT d.execution_id FROM decisions d WHERE d.run_id = :run_id AND d.verdict IN ('fresh', 'restored')
), chosen AS (
  SELECT e.stage_id, max(e.run_id) AS run_id
  FROM taken t JOIN execution_rows e ON e.execution_id = t.execution_id
  WHERE e.state = 'succeeded' AND e.rejected = 0 AND e.accepted = 0 GROUP BY e.stage_id
)
SELECT s.stage_id, s.name, s.template, c.run_id, e.run_id, e.wall_seconds, e.max_rss_bytes, e.gpu_peak_bytes
FROM chosen c
JOIN stages s ON s.stage_id = c.stage_id
JOIN execution_rows e ON e.execution_id IN (
  SELECT x.execution_id FROM execution_rows x
  WHERE x.stage_id = c.stage_id AND +x.run_id = c.run_id AND x.state = 'succeeded' AND x.rejected = 0 AND x.accepted = 0
  UNION ALL
  SELECT past.execution_id FROM (
    SELECT x.execution_id FROM execution_rows x
    WHERE x.stage_id = c.stage_id AND x.state = 'succeeded' AND x.run_id < c.run_id AND x.rejected = 0
      AND x.accepted = 0 AND (x.repetition IS NULL OR x.repetition <= 9)
    ORDER BY x.execution_id DESC LIMIT 270) past)
ORDER BY s.stage_id, e.execution_id
