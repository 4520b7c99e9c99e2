-- Deletes the cached digests of some paths (a JSON array).
DELETE FROM file_digests
WHERE path_id IN (SELECT p.path_id FROM json_each(:paths) chosen JOIN paths p ON p.path = chosen.value)
