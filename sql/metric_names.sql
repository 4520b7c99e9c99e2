-- Every metric that was ever reported: one seek a name.
SELECT n.name_id, n.name FROM names n
WHERE EXISTS (SELECT 1 FROM metric_points m WHERE m.name_id = n.name_id) ORDER BY n.name
