-- Once for each set.
INSERT INTO unexecuted_sets (digest, members) VALUES (:digest, :members)
