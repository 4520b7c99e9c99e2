-- The names of an execution's metrics that belong to no curve.
SELECT DISTINCT n.name FROM metric_points m JOIN names n ON n.name_id = m.name_id
WHERE m.execution_id = :execution_id AND m.step IS NULL
