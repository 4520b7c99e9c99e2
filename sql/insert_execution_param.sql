-- A param of an execution.
INSERT INTO execution_params (execution_id, name_id, value, number) VALUES (:execution_id, :name_id, :value, :number)
