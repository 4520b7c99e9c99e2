-- The params of some executions (a JSON array of execution IDs): JSON text, and the plain text of strings.
SELECT x.execution_id, n.name, x.value,
  CASE json_type(x.value) WHEN 'text' THEN json_extract(x.value, '$') END AS word
FROM json_each(:execution_ids) chosen
JOIN execution_params x ON x.execution_id = chosen.value
JOIN names n ON n.name_id = x.name_id ORDER BY chosen.key, n.name
