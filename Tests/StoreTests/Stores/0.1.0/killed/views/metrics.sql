select execution_id, run_id, stage, name, step, value, value_text, recorded_at from metrics order by execution_id, run_id, stage, name, step, value, value_text, recorded_at
