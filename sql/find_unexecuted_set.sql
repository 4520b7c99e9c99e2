-- A set that an earlier run found too.
SELECT unexecuted_set_id FROM unexecuted_sets WHERE digest = :digest
