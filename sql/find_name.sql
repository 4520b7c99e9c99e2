-- The ID of a name.
SELECT name_id FROM names WHERE name = :text
