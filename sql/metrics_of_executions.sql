-- The newest value of every metric of some executions (a JSON array of execution IDs).
SELECT g.execution_id, n.name,
  (SELECT coalesce(l.value, l.value_text) FROM metric_points l
   WHERE l.execution_id = g.execution_id AND l.name_id = g.name_id ORDER BY l.metric_point_id DESC LIMIT 1) AS last
FROM (SELECT DISTINCT m.execution_id, m.name_id
      FROM json_each(:execution_ids) chosen JOIN metric_points m ON m.execution_id = chosen.value) g
JOIN names n ON n.name_id = g.name_id ORDER BY g.execution_id, n.name
