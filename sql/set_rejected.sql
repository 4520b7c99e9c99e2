-- Marks a result as invalid, or valid again.
UPDATE execution_rows SET rejected = :rejected
WHERE execution_id = :execution_id AND state = 'succeeded' AND rejected <> :rejected
