-- The environment variables in an execution's key.
SELECT n.name, x.value FROM execution_environment x JOIN names n ON n.name_id = x.name_id
WHERE x.execution_id = :execution_id ORDER BY n.name
