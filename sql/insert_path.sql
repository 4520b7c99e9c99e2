-- Once for each path.
INSERT INTO paths (path) VALUES (:text)
