-- The params of an execution.
SELECT n.name, x.value FROM execution_params x JOIN names n ON n.name_id = x.name_id
WHERE x.execution_id = :execution_id ORDER BY n.name
