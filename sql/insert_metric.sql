-- A number that a stage reported.
INSERT INTO metric_points (execution_id, name_id, recorded_at, step, value, value_text)
VALUES (:execution_id, :name_id, :recorded_at, :step, :value, :value_text)
