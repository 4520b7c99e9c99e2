-- What secret values are digested with.
SELECT salt FROM store
