-- Whether a run still belongs to the process that began it.
SELECT 1 AS owned FROM run_rows WHERE run_id = :run_id AND epoch = :epoch AND status = 'running'
