-- Every path with a cached digest.
SELECT DISTINCT p.path FROM file_digests f JOIN paths p ON p.path_id = f.path_id
