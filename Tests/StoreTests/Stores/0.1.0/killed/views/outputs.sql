select execution_id, run_id, stage, name, path, digest_kind, sha256, size_bytes from outputs order by execution_id, run_id, stage, name, path, digest_kind, sha256, size_bytes
