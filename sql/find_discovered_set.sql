-- The ID of a set that an earlier execution recorded.
SELECT discovered_set_id FROM discovered_sets WHERE digest = :digest
