-- Once for each content of a path.
INSERT INTO artifacts (path_id, sha256, digest_kind, size_bytes) VALUES (:path_id, :sha256, :digest_kind, :size_bytes)
