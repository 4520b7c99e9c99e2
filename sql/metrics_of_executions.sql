-- The last value of every metric of some executions (a JSON array of execution IDs).
SELECT g.execution_id, n.name, coalesce(f.value, f.value_text) AS last
FROM (SELECT DISTINCT m.execution_id, m.name_id
      FROM json_each(:execution_ids) chosen JOIN metric_points m ON m.execution_id = chosen.value) g
JOIN names n ON n.name_id = g.name_id
JOIN metric_points f ON f.metric_point_id =
    (SELECT CASE WHEN l.step IS NULL THEN l.metric_point_id ELSE
        (SELECT h.metric_point_id FROM metric_points h WHERE h.execution_id = l.execution_id AND h.name_id = l.name_id
         ORDER BY h.step DESC, h.metric_point_id DESC LIMIT 1) END
     FROM metric_points l WHERE l.execution_id = g.execution_id AND l.name_id = g.name_id
     ORDER BY l.metric_point_id DESC LIMIT 1)
ORDER BY g.execution_id, n.name
