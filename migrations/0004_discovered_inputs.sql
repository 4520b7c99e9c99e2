-- Files that executions read without their stages naming them: imported modules, prerequisites in depfiles, reported
-- files. What many executions read is one set, and each holds its number: 100,000 executions of 30 modules cost a
-- megabyte. The views of inputs are made again, with these among them; the others stay as they are.

CREATE TABLE discovered_sets (
  discovered_set_id INTEGER PRIMARY KEY,
  -- Of the members.
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32)
) STRICT;

CREATE TABLE discovered_inputs (
  discovered_set_id INTEGER NOT NULL REFERENCES discovered_sets,
  artifact_id INTEGER NOT NULL REFERENCES artifacts,
  PRIMARY KEY (discovered_set_id, artifact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX discovered_inputs_by_artifact ON discovered_inputs (artifact_id, discovered_set_id);

-- NULL: it read nothing else, or that is not known.
ALTER TABLE execution_rows ADD COLUMN discovered_set_id INTEGER REFERENCES discovered_sets;
CREATE INDEX execution_rows_by_discovered_set ON execution_rows (discovered_set_id, execution_id)
WHERE discovered_set_id IS NOT NULL;

DROP VIEW lineage_params;
DROP VIEW inputs;

CREATE VIEW inputs AS
SELECT i.execution_id, e.run_id, s.name AS stage, n.name, p.path, a.digest_kind,
  CAST(lower(hex(a.sha256)) AS TEXT) AS sha256, a.size_bytes
FROM execution_inputs i
JOIN execution_rows e ON e.execution_id = i.execution_id
JOIN stages s ON s.stage_id = e.stage_id
JOIN names n ON n.name_id = i.name_id
JOIN artifacts a ON a.artifact_id = i.artifact_id
JOIN paths p ON p.path_id = a.path_id
UNION ALL
SELECT e.execution_id, e.run_id, s.name, CAST('discovered' AS TEXT), p.path, a.digest_kind,
  CAST(lower(hex(a.sha256)) AS TEXT), a.size_bytes
FROM discovered_inputs d
JOIN execution_rows e ON e.discovered_set_id = d.discovered_set_id
JOIN stages s ON s.stage_id = e.stage_id
JOIN artifacts a ON a.artifact_id = d.artifact_id
JOIN paths p ON p.path_id = a.path_id;

-- An execution's own params and those of everything upstream. An input was made by the newest earlier execution that
-- recorded the same artifact (path and digest) as its output, or by those that made what it lies in or holds. The
-- ancestry is walked within the row of each execution, so that asking for one walks one: a recursive table beside it
-- would first be made for the whole history. One recursive term only: other tools put parentheses around two.
CREATE VIEW lineage_params AS
SELECT e.execution_id, s.name AS from_stage, n.name, x.value, x.number
FROM execution_rows e
JOIN json_each((
  WITH RECURSIVE ancestry (ancestor_id) AS (
    SELECT e.execution_id
    UNION
    SELECT maker.value FROM ancestry a JOIN json_each((
      SELECT json_group_array(made.maker_id) FROM (
        SELECT (SELECT max(o.execution_id) FROM execution_outputs o
                WHERE o.artifact_id = i.artifact_id AND o.execution_id < i.execution_id) AS maker_id
        FROM execution_inputs i WHERE i.execution_id = a.ancestor_id
        UNION ALL
        SELECT (SELECT max(o.execution_id) FROM execution_outputs o
                WHERE o.artifact_id = d.artifact_id AND o.execution_id < r.execution_id)
        FROM execution_rows r JOIN discovered_inputs d ON d.discovered_set_id = r.discovered_set_id
        WHERE r.execution_id = a.ancestor_id
        UNION ALL
        SELECT l.maker_id FROM input_makers l WHERE l.execution_id = a.ancestor_id
      ) made WHERE made.maker_id IS NOT NULL)) maker ON true
  ) SELECT json_group_array(ancestor_id) FROM ancestry)) ancestor ON true
JOIN execution_rows f ON f.execution_id = ancestor.value
JOIN stages s ON s.stage_id = f.stage_id
JOIN execution_params x ON x.execution_id = f.execution_id
JOIN names n ON n.name_id = x.name_id;
