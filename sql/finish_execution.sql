-- An open execution ends. ExecutionState.mayBecome says which transitions there are.
UPDATE execution_rows SET state = :state, exit_code = :exit_code, signal = :signal, error = :error, note = :note,
  finished_at = :finished_at, wall_seconds = :wall_seconds, user_cpu_seconds = :user_cpu_seconds,
  system_cpu_seconds = :system_cpu_seconds, max_rss_bytes = :max_rss_bytes, read_bytes = :read_bytes,
  write_bytes = :write_bytes, inputs_changed_during_run = :inputs_changed_during_run, gpu_peak_bytes = :gpu_peak_bytes,
  gpu_peak_source = :gpu_peak_source, gpu_mean_utilization = :gpu_mean_utilization
WHERE execution_id = :execution_id AND (state = 'running' OR (state = 'queued' AND :state <> 'succeeded'))
