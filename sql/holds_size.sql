-- Whether anything of this kind and size was ever read or made. If not, the file need not be hashed.
SELECT artifact_id FROM artifacts WHERE size_bytes = :size_bytes AND digest_kind = :digest_kind LIMIT 1
