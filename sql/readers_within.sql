-- The executions that read something inside what an execution made, or a folder that contains it; newest first.
SELECT DISTINCT l.execution_id FROM input_makers l WHERE l.maker_id = :execution_id
ORDER BY l.execution_id DESC LIMIT :limit
