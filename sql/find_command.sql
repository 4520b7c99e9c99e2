-- The ID of a command.
SELECT command_id FROM commands WHERE command = :text
