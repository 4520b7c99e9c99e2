-- The newest execution whose key has an earlier encoding; NULL: there is none.
SELECT last_earlier_key FROM store WHERE only_row = 1
