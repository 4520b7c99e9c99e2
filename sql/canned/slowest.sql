-- The slowest stages: how often they ran, and how long it took (seconds).
SELECT stage, executions, failures, wall_seconds_p50, wall_seconds_p95, wall_seconds_max, max_rss_bytes_p95
FROM stage_stats ORDER BY wall_seconds_p50 DESC NULLS LAST, stage LIMIT 20
