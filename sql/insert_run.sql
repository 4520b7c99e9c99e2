-- A run begins.
INSERT INTO run_rows (pipeline_id, pipeline_path, started_at, command_line, engine, host, user_name, git_commit,
  git_branch, machine_id, runs_version, sqlite_version, boot_id, pid_namespace, pid, folder_id, stages_total)
VALUES (:pipeline_id, :pipeline_path, :started_at, :command_line, :engine, :host, :user_name, :git_commit,
  :git_branch, :machine_id, :runs_version, :sqlite_version, :boot_id, :pid_namespace, :pid, :folder_id, :stages_total)
