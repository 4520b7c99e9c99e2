-- The figures of every stage.
SELECT * FROM stage_stats ORDER BY pipeline, stage
