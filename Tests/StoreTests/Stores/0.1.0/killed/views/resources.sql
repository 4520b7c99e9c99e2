select execution_id, name, requested from resources order by execution_id, name, requested
