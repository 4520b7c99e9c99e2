-- Stages whose newest success took far more time, memory or GPU memory than the median of the up to 30 before it.
WITH
-- The rule is that of `runs stats --regressions`, over executions instead of runs, the repeats of a run being one: more
-- than median + 3.5 · 1.4826 · MAD (Iglewicz and Hoaglin 1993), at least a tenth and a floor above the median, and at
-- least 5 earlier ones.
repeats AS (
  SELECT pipeline, stage, execution_id, run_id, wall_seconds, max_rss_bytes, gpu_peak_bytes,
    count(wall_seconds) OVER (PARTITION BY pipeline, stage, run_id) AS wall_count,
    count(max_rss_bytes) OVER (PARTITION BY pipeline, stage, run_id) AS rss_count,
    count(gpu_peak_bytes) OVER (PARTITION BY pipeline, stage, run_id) AS gpu_count,
    row_number() OVER (PARTITION BY pipeline, stage, run_id ORDER BY wall_seconds NULLS LAST) AS wall_rank,
    row_number() OVER (PARTITION BY pipeline, stage, run_id ORDER BY max_rss_bytes NULLS LAST) AS rss_rank,
    row_number() OVER (PARTITION BY pipeline, stage, run_id ORDER BY gpu_peak_bytes NULLS LAST) AS gpu_rank
  FROM executions WHERE state = 'succeeded' AND rejected = 0 AND accepted = 0 AND repetition IS NOT NULL
), counted AS (
  SELECT pipeline, stage, execution_id, run_id, wall_seconds, max_rss_bytes, gpu_peak_bytes FROM executions
  WHERE state = 'succeeded' AND rejected = 0 AND accepted = 0 AND repetition IS NULL
  UNION ALL
  SELECT pipeline, stage, max(execution_id), run_id,
    avg(CASE WHEN wall_rank * 2 BETWEEN wall_count AND wall_count + 2 THEN wall_seconds END),
    avg(CASE WHEN rss_rank * 2 BETWEEN rss_count AND rss_count + 2 THEN max_rss_bytes END),
    avg(CASE WHEN gpu_rank * 2 BETWEEN gpu_count AND gpu_count + 2 THEN gpu_peak_bytes END)
  FROM repeats GROUP BY pipeline, stage, run_id
), successes AS (
  SELECT pipeline, stage, execution_id, run_id, wall_seconds, max_rss_bytes, gpu_peak_bytes,
    row_number() OVER (PARTITION BY pipeline, stage ORDER BY execution_id DESC) AS age
  FROM counted
), figures AS (
  SELECT pipeline, stage, execution_id, run_id, age, 'wall_seconds' AS figure, wall_seconds AS value, 0.5 AS least
  FROM successes WHERE age <= 31
  UNION ALL
  SELECT pipeline, stage, execution_id, run_id, age, 'max_rss_bytes', max_rss_bytes, 33554432
  FROM successes WHERE age <= 31
  UNION ALL
  SELECT pipeline, stage, execution_id, run_id, age, 'gpu_peak_bytes', gpu_peak_bytes, 67108864
  FROM successes WHERE age <= 31
), past AS (
  SELECT pipeline, stage, figure, value,
    row_number() OVER (PARTITION BY pipeline, stage, figure ORDER BY value) AS place,
    count(*) OVER (PARTITION BY pipeline, stage, figure) AS number
  FROM figures WHERE age > 1 AND value IS NOT NULL
), medians AS (
  SELECT pipeline, stage, figure, avg(value) AS median, max(number) AS number
  FROM past WHERE place IN ((number + 1) / 2, (number + 2) / 2) GROUP BY pipeline, stage, figure
), deviations AS (
  SELECT p.pipeline, p.stage, p.figure, abs(p.value - m.median) AS deviation, p.number,
    row_number() OVER (PARTITION BY p.pipeline, p.stage, p.figure ORDER BY abs(p.value - m.median)) AS place
  FROM past p JOIN medians m ON m.pipeline = p.pipeline AND m.stage = p.stage AND m.figure = p.figure
), spreads AS (
  SELECT pipeline, stage, figure, avg(deviation) AS mad
  FROM deviations WHERE place IN ((number + 1) / 2, (number + 2) / 2) GROUP BY pipeline, stage, figure
)
SELECT f.pipeline, f.stage, f.figure, f.value, m.median, s.mad, m.number AS earlier, f.value / m.median AS ratio,
  f.run_id, f.execution_id
FROM figures f
JOIN medians m ON m.pipeline = f.pipeline AND m.stage = f.stage AND m.figure = f.figure
JOIN spreads s ON s.pipeline = f.pipeline AND s.stage = f.stage AND s.figure = f.figure
WHERE f.age = 1 AND m.number >= 5
  AND f.value > m.median + max(3.5 * 1.4826 * s.mad, 0.1 * m.median, f.least)
ORDER BY ratio DESC, f.stage, f.figure
