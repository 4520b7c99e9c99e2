-- An input lies in, or contains, what another execution made.
INSERT INTO input_makers (execution_id, artifact_id, maker_id) VALUES (:execution_id, :artifact_id, :maker_id)
ON CONFLICT DO NOTHING
