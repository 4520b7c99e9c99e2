-- Migrations in the order in which they were applied.
SELECT version, name, sha256, program_version FROM migrations ORDER BY version
