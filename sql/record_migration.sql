-- In the transaction of the migration itself.
INSERT INTO migrations (version, name, sha256, program_version) VALUES (:version, :name, :sha256, :program_version)
