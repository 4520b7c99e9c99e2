-- A result counts no more, or again.
UPDATE execution_rows SET rejected = :rejected
WHERE execution_id = :execution_id AND state = 'succeeded' AND rejected <> :rejected
