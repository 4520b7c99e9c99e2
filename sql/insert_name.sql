-- Once for each name.
INSERT INTO names (name) VALUES (:text)
