-- The params that were given to an execution.
SELECT n.name, x.value FROM execution_params x JOIN names n ON n.name_id = x.name_id
WHERE x.execution_id = :execution_id AND x.reported = 0 ORDER BY n.name
