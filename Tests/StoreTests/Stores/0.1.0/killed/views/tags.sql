select run_id, execution_id, tag, note, created_at from tags order by run_id, execution_id, tag, note, created_at
