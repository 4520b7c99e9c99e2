// The version of the program, in one place.

/// What `runs --version` prints, and what a store remembers of the program that made or migrated it.
public let programVersion = "0.2.0"
