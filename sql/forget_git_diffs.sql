-- Deletes diffs that no run refers to.
DELETE FROM git_diffs WHERE git_diff_id NOT IN (SELECT git_diff_id FROM run_rows WHERE git_diff_id IS NOT NULL)
