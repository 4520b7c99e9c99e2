-- A difference by what it holds.
SELECT git_diff_id FROM git_diffs WHERE gzip = :gzip
