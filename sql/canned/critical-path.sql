-- The chain of executions that a run (the newest, or -p run=12) had to wait for, last first: shorten these.
WITH RECURSIVE
-- Before an execution stands the one of the same stage before it (a retry, a repeat), else the one among those that
-- made its inputs in this run that ended last. A plus sign keeps SQLite from looking through the whole run for each.
chosen AS (
  SELECT e.execution_id, e.run_id, e.stage, e.attempt, e.state, e.started_at, e.finished_at, e.queued_seconds,
    e.wall_seconds
  FROM executions e
  WHERE e.run_id = coalesce(:run, (SELECT max(run_id) FROM executions)) AND e.finished_at IS NOT NULL AND e.accepted = 0
), folders AS (
  SELECT o.path, o.execution_id FROM outputs o JOIN chosen c ON c.execution_id = o.execution_id
  WHERE o.digest_kind <> 'content'
), chain (step, execution_id) AS (
  SELECT 1, (SELECT execution_id FROM chosen ORDER BY finished_at DESC, execution_id DESC LIMIT 1)
  UNION ALL
  SELECT c.step + 1, (
    SELECT b.execution_id FROM (
      SELECT a.execution_id, 1 AS nearness FROM executions e
      JOIN executions a ON +a.run_id = e.run_id AND a.pipeline = e.pipeline AND a.stage = e.stage
        AND a.execution_id < e.execution_id
      WHERE e.execution_id = c.execution_id
      UNION ALL
      SELECT o.execution_id, 0 FROM inputs i JOIN outputs o ON o.path = i.path AND +o.run_id = i.run_id
      WHERE i.execution_id = c.execution_id AND o.execution_id < c.execution_id
      UNION ALL
      SELECT f.execution_id, 0 FROM inputs i JOIN folders f ON substr(i.path, 1, length(f.path) + 1) = f.path || '/'
      WHERE i.execution_id = c.execution_id AND f.execution_id < c.execution_id
      UNION ALL
      SELECT o.execution_id, 0 FROM inputs i
      JOIN outputs o ON o.run_id = i.run_id AND substr(o.path, 1, length(i.path) + 1) = i.path || '/'
      WHERE i.execution_id = c.execution_id AND i.digest_kind <> 'content' AND o.execution_id < c.execution_id
    ) b JOIN executions m ON m.execution_id = b.execution_id
    ORDER BY b.nearness DESC, m.finished_at DESC, m.execution_id DESC LIMIT 1)
  FROM chain c WHERE c.execution_id IS NOT NULL
)
SELECT x.step, e.stage, e.attempt, e.state, e.queued_seconds, e.wall_seconds,
  e.wall_seconds / r.wall_seconds AS share_of_run, e.started_at, e.finished_at, e.execution_id
FROM chain x JOIN chosen e ON e.execution_id = x.execution_id JOIN runs r ON r.run_id = e.run_id
ORDER BY x.step
