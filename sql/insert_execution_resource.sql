-- A counted resource of an execution.
INSERT INTO execution_resources (execution_id, name_id, requested) VALUES (:execution_id, :name_id, :requested)
