-- The first run that found all fresh has written down so.
UPDATE standings SET unexecuted_set_id = :unexecuted_set_id WHERE pipeline_id = :pipeline_id
