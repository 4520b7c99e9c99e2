-- What the newest run concluded for the stages that were not fresh, and why.
SELECT stage, verdict, reason, subject, old_value, new_value
FROM decisions WHERE run_id = (SELECT max(run_id) FROM runs) AND verdict NOT IN ('fresh', 'not_selected')
ORDER BY stage
