-- One reason of a decision.
INSERT INTO decision_rows (run_id, stage_id, ordinal, verdict, reason, subject, old_value, new_value, execution_id)
VALUES (:run_id, :stage_id, :ordinal, :verdict, :reason, :subject, :old_value, :new_value, :execution_id)
