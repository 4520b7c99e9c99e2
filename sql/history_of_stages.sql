-- The executions of some stages (a JSON array of stage IDs), newest first, as `runs history` shows them.
SELECT e.execution_id, e.run_id AS run, s.name AS stage, e.attempt, e.state,
  (SELECT group_concat(d.reason || CASE WHEN d.subject IS NULL THEN '' ELSE ' ' || d.subject END, '; ')
   FROM decision_rows d WHERE d.run_id = e.run_id AND d.stage_id = e.stage_id) AS why,
  e.started_at, e.wall_seconds, e.user_cpu_seconds + e.system_cpu_seconds AS cpu_seconds, e.max_rss_bytes,
  e.gpu_peak_bytes,
  (SELECT json_group_object(n.name, json(x.value)) FROM execution_params x JOIN names n ON n.name_id = x.name_id
   WHERE x.execution_id = e.execution_id) AS params,
  (SELECT json_group_object(m.name, m.last)
   FROM (SELECT n.name, coalesce(f.value, f.value_text) AS last
         FROM (SELECT DISTINCT execution_id, name_id FROM metric_points WHERE execution_id = e.execution_id) g
         JOIN names n ON n.name_id = g.name_id
         JOIN metric_points f ON f.metric_point_id =
    (SELECT CASE WHEN l.step IS NULL THEN l.metric_point_id ELSE
        (SELECT h.metric_point_id FROM metric_points h WHERE h.execution_id = l.execution_id AND h.name_id = l.name_id
         ORDER BY h.step DESC, h.metric_point_id DESC LIMIT 1) END
     FROM metric_points l WHERE l.execution_id = g.execution_id AND l.name_id = g.name_id
     ORDER BY l.metric_point_id DESC LIMIT 1)
         ORDER BY n.name) m) AS metrics,
  e.error,
  (SELECT group_concat(w.note, '; ')
   FROM (SELECT e.note AS note UNION ALL
         SELECT t.note FROM tag_rows t WHERE t.execution_id = e.execution_id AND t.note IS NOT NULL) w) AS note,
  e.log_path AS log, p.name AS pipeline
FROM execution_rows e JOIN stages s ON s.stage_id = e.stage_id JOIN pipelines p ON p.pipeline_id = s.pipeline_id
WHERE e.execution_id IN (
  SELECT x.execution_id FROM json_each(:stage_ids) chosen JOIN execution_rows x ON x.stage_id = chosen.value
  ORDER BY x.execution_id DESC LIMIT :limit)
ORDER BY e.execution_id DESC
