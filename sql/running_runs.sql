-- Runs whose end was not recorded.
SELECT r.run_id, r.host, r.boot_id, r.pid_namespace, r.pid, r.folder_id, r.user_name, r.started_at, p.name
FROM run_rows r JOIN pipelines p ON p.pipeline_id = r.pipeline_id
WHERE r.status = 'running' ORDER BY r.run_id
