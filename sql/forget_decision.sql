-- What a run concluded for a stage before it decided anew.
DELETE FROM decision_rows WHERE run_id = :run_id AND stage_id = :stage_id
