-- An output was read as a metrics file.
UPDATE execution_outputs SET metrics_read = 1
WHERE execution_id = :execution_id AND artifact_id IN (
  SELECT a.artifact_id FROM artifacts a JOIN paths p ON p.path_id = a.path_id WHERE p.path = :path)
