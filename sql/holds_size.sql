-- Whether anything of this kind and size was ever read or made: what was not need not be digested to know that.
SELECT artifact_id FROM artifacts WHERE size_bytes = :size_bytes AND digest_kind = :digest_kind LIMIT 1
