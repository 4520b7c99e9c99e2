select run_id, stage, verdict, reason, subject, old_value, new_value, execution_id from decisions order by run_id, stage, verdict, reason, subject, old_value, new_value, execution_id
