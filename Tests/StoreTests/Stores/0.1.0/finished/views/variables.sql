select execution_id, run_id, stage, name, value from variables order by execution_id, run_id, stage, name, value
