-- The salt for the digests of secret values.
SELECT salt FROM store
