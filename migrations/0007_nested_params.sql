-- Keys have a new encoding: the newest execution with a key of the old one is noted, so that stores without any are not
-- searched for it. Params inside objects get rows of their own, by their paths (optim.lr).

ALTER TABLE store ADD COLUMN last_earlier_key INTEGER;
UPDATE store SET last_earlier_key = (SELECT max(execution_id) FROM execution_rows);

-- The values inside objects; lists and empty objects are values. Each is JSON text, numbers as they were.
CREATE TABLE param_leaves AS
WITH RECURSIVE leaf (execution_id, name, value, is_object, reported) AS (
  SELECT x.execution_id, n.name, x.value, 1, x.reported
  FROM execution_params x JOIN names n ON n.name_id = x.name_id
  WHERE x.value GLOB '{*' AND x.value <> '{}'
  UNION ALL
  SELECT l.execution_id, l.name || '.' || e.key,
    CASE e.type WHEN 'null' THEN 'null' WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'text' THEN json_quote(e.value)
      WHEN 'array' THEN e.value WHEN 'object' THEN e.value ELSE coalesce(l.value -> e.fullkey, json_quote(e.value)) END,
    e.type = 'object' AND e.value <> '{}', l.reported
  FROM leaf l JOIN json_each(CASE l.is_object WHEN 1 THEN l.value ELSE '{}' END) e ON true
)
SELECT execution_id, name, value, reported FROM leaf WHERE is_object = 0;

DELETE FROM execution_params WHERE value GLOB '{*' AND value <> '{}';
INSERT OR IGNORE INTO names (name) SELECT name FROM param_leaves;
INSERT OR IGNORE INTO execution_params (execution_id, name_id, value, number, reported)
SELECT p.execution_id, n.name_id, p.value,
  CASE json_type(p.value) WHEN 'integer' THEN CAST(p.value AS REAL) WHEN 'real' THEN CAST(p.value AS REAL) END, p.reported
FROM param_leaves p JOIN names n ON n.name = p.name;
DROP TABLE param_leaves;
