-- A variable of an execution's key.
INSERT INTO execution_environment (execution_id, name_id, value) VALUES (:execution_id, :name_id, :value)
