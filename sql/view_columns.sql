-- The columns of all views, to suggest the one that was meant.
SELECT DISTINCT c.name FROM sqlite_schema v JOIN pragma_table_info(v.name) c WHERE v.type = 'view'
