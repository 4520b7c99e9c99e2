-- The execution that owns a path.
SELECT o.execution_id FROM paths p JOIN path_owners o ON o.path_id = p.path_id WHERE p.path = :path
