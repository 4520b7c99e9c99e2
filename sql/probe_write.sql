-- Whether a write-ahead log really works in this folder: some network file systems accept it and fail at the first
-- write.
CREATE TABLE probe (x INTEGER)
