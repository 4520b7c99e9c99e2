-- The file of a pipeline; NULL if it is not known.
SELECT path FROM pipelines WHERE name = :name
