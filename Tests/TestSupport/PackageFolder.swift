// Where the package itself lies, for tests that read its sources, documents and examples. Knows its own path; does not
// know what is read.

/// The folder of Package.swift.
public let packageFolder =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
