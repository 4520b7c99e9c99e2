-- What tracked files hold that the commit does not; nothing where it is known.
INSERT INTO git_diffs (gzip, size_bytes, is_cut) VALUES (:gzip, :size_bytes, :is_cut) ON CONFLICT DO NOTHING
