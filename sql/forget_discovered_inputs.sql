-- Deletes the members of sets that no execution refers to.
DELETE FROM discovered_inputs WHERE discovered_set_id NOT IN (
  SELECT discovered_set_id FROM execution_rows WHERE discovered_set_id IS NOT NULL)
