-- Caches a digest.
INSERT INTO file_digests (path_id, mode, device, inode, size_bytes, modified_nanoseconds, changed_nanoseconds,
  digest_kind, sha256, digested_bytes, tree)
VALUES (:path_id, :mode, :device, :inode, :size_bytes, :modified_nanoseconds, :changed_nanoseconds, :digest_kind,
  :sha256, :digested_bytes, :tree)
ON CONFLICT (path_id, mode) DO UPDATE SET device = excluded.device, inode = excluded.inode,
  size_bytes = excluded.size_bytes, modified_nanoseconds = excluded.modified_nanoseconds,
  changed_nanoseconds = excluded.changed_nanoseconds, digest_kind = excluded.digest_kind, sha256 = excluded.sha256,
  digested_bytes = excluded.digested_bytes, tree = excluded.tree
