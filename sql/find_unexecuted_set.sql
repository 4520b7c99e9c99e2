-- The ID of a set that an earlier run recorded.
SELECT unexecuted_set_id FROM unexecuted_sets WHERE digest = :digest
