-- Deletes sets of decisions that no run refers to.
DELETE FROM unexecuted_sets
WHERE unexecuted_set_id NOT IN (SELECT unexecuted_set_id FROM run_rows WHERE unexecuted_set_id IS NOT NULL)
