-- Writes what is committed into a new file, also from a connection that may only read.
VACUUM INTO :path
