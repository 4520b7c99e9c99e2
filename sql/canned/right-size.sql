-- What stages ask for against the 95th percentile of what they use, with the resources to ask for instead.
WITH
-- used: by nearest rank, of peak memory, of CPU seconds per second, of GPUs kept busy. To ask for: a fifth more
-- memory, in steps of 64 MiB; whole cpus; whole GPUs. Never a fraction of a GPU instead of a whole one: utilization does
-- not say whether its memory can be shared, hence the peak beside the advice.
figures AS (
  SELECT pipeline, stage, 'memory' AS resource, CAST(max_rss_bytes AS REAL) AS used FROM executions
  WHERE state = 'succeeded' AND rejected = 0 AND accepted = 0 AND max_rss_bytes IS NOT NULL
  UNION ALL
  SELECT pipeline, stage, 'cpus', (user_cpu_seconds + system_cpu_seconds) / wall_seconds FROM executions
  WHERE state = 'succeeded' AND rejected = 0 AND accepted = 0 AND wall_seconds >= 1 AND user_cpu_seconds IS NOT NULL
  UNION ALL
  SELECT pipeline, stage, 'gpus', gpu_mean_utilization * gpus FROM executions
  WHERE state = 'succeeded' AND rejected = 0 AND accepted = 0 AND gpu_mean_utilization IS NOT NULL AND gpus > 0
), ranked AS (
  SELECT pipeline, stage, resource, used,
    row_number() OVER (PARTITION BY pipeline, stage, resource ORDER BY used) AS place,
    count(*) OVER (PARTITION BY pipeline, stage, resource) AS number
  FROM figures
), peaks AS (
  SELECT pipeline, stage, resource, number AS executions, used FROM ranked WHERE place = (number * 95 + 99) / 100
), sizes AS (
  SELECT p.pipeline, p.stage, p.resource, r.requested, p.used, p.executions,
    CASE p.resource
      WHEN 'memory' THEN 67108864 * (CAST(p.used * 1.2 / 67108864 AS INTEGER) + 1)
      WHEN 'cpus' THEN max(1, CAST(p.used + 0.95 AS INTEGER))
      ELSE CASE WHEN r.requested < 1 THEN max(r.requested, CAST(p.used * 4 + 0.95 AS INTEGER) / 4.0)
        ELSE max(1, CAST(p.used + 0.95 AS INTEGER)) END
    END AS ask,
    (SELECT max(x.gpu_peak_bytes) FROM executions x
     WHERE x.pipeline = p.pipeline AND x.stage = p.stage AND p.resource = 'gpus') AS gpu_peak_bytes
  FROM peaks p
  JOIN latest l ON l.pipeline = p.pipeline AND l.stage = p.stage
  LEFT JOIN resources r ON r.execution_id = l.execution_id AND r.name = p.resource
)
SELECT pipeline, stage, resource, requested, used, executions,
  CASE resource
    WHEN 'memory' THEN '"memory": "' || (ask / 1048576) || 'MiB"'
    ELSE '"' || resource || '": ' || rtrim(rtrim(printf('%.2f', ask), '0'), '.')
      || coalesce(' if ' || (gpu_peak_bytes / 1048576) || ' MiB of GPU memory fit', '')
  END AS ask_for
FROM sizes WHERE requested IS NOT ask
ORDER BY resource, coalesce(requested - ask, 0) DESC, stage
