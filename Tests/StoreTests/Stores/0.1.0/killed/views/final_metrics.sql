select execution_id, run_id, stage, name, last, min, max, steps from final_metrics order by execution_id, run_id, stage, name, last, min, max, steps
