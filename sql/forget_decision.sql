-- Deletes what a run decided for a stage before it decides again.
DELETE FROM decision_rows WHERE run_id = :run_id AND stage_id = :stage_id
