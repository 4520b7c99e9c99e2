select execution_id, run_id, stage, name, value, number, reported from params order by execution_id, run_id, stage, name, value, number, reported
