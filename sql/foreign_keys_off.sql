-- While rows are deleted by the thousand: not every reference has an index, so all are checked at the end instead.
PRAGMA foreign_keys = OFF
