-- The params of an execution and of everything upstream of it: JSON text, and the plain text of strings.
SELECT l.from_stage, l.name, l.value, CASE json_type(l.value) WHEN 'text' THEN json_extract(l.value, '$') END AS word
FROM lineage_params l WHERE l.execution_id = :execution_id ORDER BY l.from_stage, l.name
