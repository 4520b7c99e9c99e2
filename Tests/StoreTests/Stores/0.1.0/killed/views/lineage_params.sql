select execution_id, from_stage, name, value, number from lineage_params order by execution_id, from_stage, name, value, number
