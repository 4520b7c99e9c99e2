-- Once for each command.
INSERT INTO commands (command) VALUES (:text)
