-- The chain of executions that a run (the newest, or -p run=12) had to wait for, last first: shorten these.
WITH RECURSIVE
-- Before an execution stands the one of the same stage before it (a retry, a repeat), else the one among those that
-- made its inputs in this run that ended last.
chosen AS (
  SELECT e.execution_id, e.run_id, e.stage, e.attempt, e.state, e.started_at, e.finished_at, e.queued_seconds,
    e.wall_seconds
  FROM executions e
  WHERE e.run_id = coalesce(:run, (SELECT max(run_id) FROM executions)) AND e.finished_at IS NOT NULL AND e.accepted = 0
), chain (step, execution_id) AS (
  SELECT 1, (SELECT execution_id FROM chosen ORDER BY finished_at DESC, execution_id DESC LIMIT 1)
  UNION ALL
  SELECT c.step + 1, coalesce(
    (SELECT max(b.execution_id) FROM chosen b
     WHERE b.stage = (SELECT a.stage FROM chosen a WHERE a.execution_id = c.execution_id)
       AND b.execution_id < c.execution_id),
    (SELECT m.execution_id
     FROM inputs i
     JOIN outputs o ON o.run_id = i.run_id AND (o.path = i.path
       OR substr(i.path, 1, length(o.path) + 1) = o.path || '/'
       OR substr(o.path, 1, length(i.path) + 1) = i.path || '/')
     JOIN chosen m ON m.execution_id = o.execution_id
     WHERE i.execution_id = c.execution_id AND o.execution_id < c.execution_id
     ORDER BY m.finished_at DESC, m.execution_id DESC LIMIT 1))
  FROM chain c WHERE c.execution_id IS NOT NULL
)
SELECT x.step, e.stage, e.attempt, e.state, e.queued_seconds, e.wall_seconds,
  e.wall_seconds / r.wall_seconds AS share_of_run, e.started_at, e.finished_at, e.execution_id
FROM chain x JOIN chosen e ON e.execution_id = x.execution_id JOIN runs r ON r.run_id = e.run_id
ORDER BY x.step
