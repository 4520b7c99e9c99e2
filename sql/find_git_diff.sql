-- The ID of a diff, by its content.
SELECT git_diff_id FROM git_diffs WHERE gzip = :gzip
