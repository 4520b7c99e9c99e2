-- Command and working directory of an execution.
SELECT c.command, e.working_directory FROM execution_rows e JOIN commands c ON c.command_id = e.command_id
WHERE e.execution_id = :execution_id
