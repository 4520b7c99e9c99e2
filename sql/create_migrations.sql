-- Which migrations were applied to a store, by the digest of their texts.
CREATE TABLE IF NOT EXISTS migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  program_version TEXT NOT NULL
) STRICT
