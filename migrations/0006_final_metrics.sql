-- The last value of a curve is that of its highest step, in whatever order its points were recorded: workers report
-- late, and a resumed training repeats steps. With the step in the index it is found by one seek.
DROP INDEX metric_points_by_execution;
CREATE INDEX metric_points_by_step ON metric_points (execution_id, name_id, step);

-- Grouped by the name itself, so that a query for one metric looks at its points alone. A value without a step counts
-- if it was recorded after all others: a summary, or the value of a metrics file.
DROP VIEW final_metrics;
CREATE VIEW final_metrics AS
SELECT c.execution_id, e.run_id, s.name AS stage, c.name, f.value AS last, CAST(c.min AS DOUBLE) AS min,
  CAST(c.max AS DOUBLE) AS max, CAST(c.steps AS BIGINT) AS steps
FROM (SELECT g.execution_id, g.name, g.min, g.max, g.steps,
        CASE WHEN l.step IS NULL OR l.step = g.highest_step THEN l.metric_point_id
          ELSE (SELECT max(t.metric_point_id) FROM metric_points t
                WHERE t.execution_id = g.execution_id AND t.name_id = l.name_id AND t.step = g.highest_step)
        END AS chosen
      FROM (SELECT m.execution_id, n.name, max(m.metric_point_id) AS newest, max(m.step) AS highest_step,
              min(m.value) AS min, max(m.value) AS max, count(m.step) AS steps
            FROM metric_points m JOIN names n ON n.name_id = m.name_id GROUP BY m.execution_id, n.name) g
      JOIN metric_points l ON l.metric_point_id = g.newest) c
JOIN metric_points f ON f.metric_point_id = c.chosen
JOIN execution_rows e ON e.execution_id = c.execution_id
JOIN stages s ON s.stage_id = e.stage_id;
