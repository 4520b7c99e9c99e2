-- Results were judged, or forgotten: no standing is to rest on them.
DELETE FROM standings
