-- Paths with a cached digest that only runs that ended before a time read or made, and no current output comes from.
SELECT DISTINCT p.path
FROM file_digests f JOIN paths p ON p.path_id = f.path_id
WHERE NOT EXISTS (
    SELECT 1 FROM artifacts a
    JOIN execution_inputs i ON i.artifact_id = a.artifact_id
    JOIN execution_rows e ON e.execution_id = i.execution_id
    JOIN run_rows r ON r.run_id = e.run_id
    LEFT JOIN current_executions c ON c.stage_id = e.stage_id AND c.execution_id = e.execution_id
    WHERE a.path_id = f.path_id AND (r.finished_at IS NULL OR r.finished_at >= :before OR c.stage_id IS NOT NULL))
  AND NOT EXISTS (
    SELECT 1 FROM artifacts a
    JOIN execution_outputs o ON o.artifact_id = a.artifact_id
    JOIN execution_rows e ON e.execution_id = o.execution_id
    JOIN run_rows r ON r.run_id = e.run_id
    LEFT JOIN current_executions c ON c.stage_id = e.stage_id AND c.execution_id = e.execution_id
    WHERE a.path_id = f.path_id AND (r.finished_at IS NULL OR r.finished_at >= :before OR c.stage_id IS NOT NULL))
  AND NOT EXISTS (
    SELECT 1 FROM artifacts a
    JOIN discovered_inputs d ON d.artifact_id = a.artifact_id
    JOIN execution_rows e ON e.discovered_set_id = d.discovered_set_id
    JOIN run_rows r ON r.run_id = e.run_id
    LEFT JOIN current_executions c ON c.stage_id = e.stage_id AND c.execution_id = e.execution_id
    WHERE a.path_id = f.path_id AND (r.finished_at IS NULL OR r.finished_at >= :before OR c.stage_id IS NOT NULL))
