-- A number that a stage reported.
INSERT INTO metric_points (execution_id, name_id, step, value, value_text, recorded_at)
VALUES (:execution_id, :name_id, :step, :value, :value_text, :recorded_at)
