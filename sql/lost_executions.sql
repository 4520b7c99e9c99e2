-- Lost executions whose processes can still be here: of this boot, and not of the store that this one is a copy of.
SELECT e.execution_id, s.name, e.token
FROM run_rows r
JOIN execution_rows e ON e.run_id = r.run_id AND e.state = 'lost'
JOIN stages s ON s.stage_id = e.stage_id
WHERE r.status = 'lost' AND r.folder_id = :folder_id AND r.boot_id = :boot_id
