-- A device at one moment of an execution.
INSERT INTO gpu_sample_rows (execution_id, gpu_id, seconds, memory_bytes, utilization)
VALUES (:execution_id, :gpu_id, :seconds, :memory_bytes, :utilization)
