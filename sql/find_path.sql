-- The ID of a path.
SELECT path_id FROM paths WHERE path = :text
