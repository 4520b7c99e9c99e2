-- The plan cache of the last run of the same request, if only files can have changed since.
SELECT p.pipeline_id, p.pipeline_index, u.unexecuted_set_id, s.stages_fresh, s.stages_judged, s.stamps
FROM plan_images p JOIN standings s ON s.pipeline_id = p.pipeline_id
LEFT JOIN unexecuted_sets u ON u.unexecuted_set_id = s.unexecuted_set_id
WHERE p.request = :request
