-- The artifact of a path with this digest, if it was recorded before.
SELECT artifact_id FROM artifacts WHERE path_id = :path_id AND sha256 = :sha256 AND digest_kind = :digest_kind
