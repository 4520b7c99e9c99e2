-- Cached digests of some paths (a JSON array).
SELECT p.path, f.mode, f.device, f.inode, f.size_bytes, f.modified_nanoseconds, f.changed_nanoseconds, f.digest_kind,
  f.sha256, f.digested_bytes, f.tree
FROM json_each(:paths) chosen
JOIN paths p ON p.path = chosen.value
JOIN file_digests f ON f.path_id = p.path_id
