-- A param that a stage reported about itself: the last value wins, and params that were given to it stay.
INSERT INTO execution_params (execution_id, name_id, value, number, reported)
VALUES (:execution_id, :name_id, :value, :number, 1)
ON CONFLICT (execution_id, name_id) DO UPDATE SET value = excluded.value, number = excluded.number WHERE reported = 1
