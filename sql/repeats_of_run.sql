-- What the repeats of a run used, by stage.
SELECT s.name, e.wall_seconds, e.max_rss_bytes, e.gpu_peak_bytes
FROM execution_rows e JOIN stages s ON s.stage_id = e.stage_id
WHERE e.run_id = :run_id AND e.repetition IS NOT NULL AND e.state = 'succeeded' ORDER BY e.execution_id
