-- Uncommitted changes, unless they were recorded before.
INSERT INTO git_diffs (gzip, size_bytes, is_cut) VALUES (:gzip, :size_bytes, :is_cut) ON CONFLICT DO NOTHING
