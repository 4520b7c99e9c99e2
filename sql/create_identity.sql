-- Once, when the store is created.
INSERT INTO store (only_row, identity, salt, created_at) VALUES (1, :identity, :salt, :created_at)
ON CONFLICT DO NOTHING
