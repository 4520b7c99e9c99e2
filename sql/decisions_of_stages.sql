-- What a run decided for some stages (a JSON array of names), and why.
SELECT d.stage, d.verdict, d.reason, d.subject, d.old_value, d.new_value, d.execution_id
FROM json_each(:stages) chosen JOIN decisions d ON d.stage = chosen.value AND d.run_id = :run_id
