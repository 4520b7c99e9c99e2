-- The newest execution of a stage that has ended.
SELECT e.execution_id, e.run_id, e.state FROM execution_rows e
WHERE e.stage_id = :stage_id AND e.state <> 'running' AND e.state <> 'queued' ORDER BY e.execution_id DESC LIMIT 1
