-- The executions that read something in what an execution made, or a folder that it helped to fill; newest first.
SELECT DISTINCT l.execution_id FROM input_makers l WHERE l.maker_id = :execution_id ORDER BY l.execution_id DESC LIMIT :limit
