-- Statements that delete the rows which refer to missing rows, one for each foreign key. Where a reference may be NULL it
-- is set to NULL instead, except of tags: a tag of an execution must not become one of its run.
SELECT CASE WHEN columns."notnull" = 0 AND columns.pk = 0 AND t.name <> 'tag_rows'
    THEN 'UPDATE "' || t.name || '" SET "' || f."from" || '" = NULL'
    ELSE 'DELETE FROM "' || t.name || '"' END
  || ' WHERE "' || f."from" || '" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "' || f."table" || '" referred WHERE referred."'
  || coalesce(f."to", (SELECT key.name FROM pragma_table_info(f."table") key WHERE key.pk = 1))
  || '" = "' || t.name || '"."' || f."from" || '")'
FROM sqlite_schema t
JOIN pragma_foreign_key_list(t.name) f
JOIN pragma_table_info(t.name) columns ON columns.name = f."from"
WHERE t.type = 'table'
