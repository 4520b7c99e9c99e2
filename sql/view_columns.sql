-- The columns of all views, for suggestions.
SELECT v.name AS view, c.name FROM sqlite_schema v JOIN pragma_table_info(v.name) c WHERE v.type = 'view'
