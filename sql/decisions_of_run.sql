-- What a run decided for every selected stage, and why.
SELECT d.stage, d.verdict, d.reason, d.subject, d.old_value, d.new_value, d.execution_id
FROM decisions d WHERE d.run_id = :run_id AND d.verdict <> 'not_selected'
