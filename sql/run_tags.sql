-- All tags of runs, for suggestions.
SELECT DISTINCT tag FROM tag_rows WHERE tag IS NOT NULL AND execution_id IS NULL ORDER BY tag
