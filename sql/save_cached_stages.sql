-- A run ends with everything fresh.
INSERT OR REPLACE INTO standings (pipeline_id, unexecuted_set_id, stages_fresh, stages_judged, stamps, stages)
VALUES (:pipeline_id, NULL, :stages_fresh, :stages_judged, :stamps, :stages)
