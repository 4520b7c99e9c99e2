-- A param that a stage told of itself: the last value told counts, and none replaces one that it was given.
INSERT INTO execution_params (execution_id, name_id, value, number, reported)
VALUES (:execution_id, :name_id, :value, :number, 1)
ON CONFLICT (execution_id, name_id) DO UPDATE SET value = excluded.value, number = excluded.number WHERE reported = 1
