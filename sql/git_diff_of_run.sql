-- The uncommitted changes at the start of a run.
SELECT d.gzip, d.size_bytes, d.is_cut FROM run_rows r JOIN git_diffs d ON d.git_diff_id = r.git_diff_id
WHERE r.run_id = :run_id
