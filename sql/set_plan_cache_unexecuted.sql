-- The first run that finds everything fresh records its set of decisions.
UPDATE standings SET unexecuted_set_id = :unexecuted_set_id WHERE pipeline_id = :pipeline_id
