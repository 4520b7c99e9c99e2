-- Once for each set.
INSERT INTO discovered_sets (digest) VALUES (:digest)
