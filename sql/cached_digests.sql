-- All cached digests, in one scan.
SELECT p.path, f.mode, f.device, f.inode, f.size_bytes, f.modified_nanoseconds, f.changed_nanoseconds, f.digest_kind,
  f.sha256, f.digested_bytes, f.tree
FROM file_digests f JOIN paths p ON p.path_id = f.path_id
