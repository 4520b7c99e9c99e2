-- Sets of verdicts that no run refers to any more.
DELETE FROM unexecuted_sets
WHERE unexecuted_set_id NOT IN (SELECT unexecuted_set_id FROM run_rows WHERE unexecuted_set_id IS NOT NULL)
