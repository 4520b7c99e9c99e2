// One cell of a result, as SQLite returns it and a table shows it.

/// A value with one of SQLite's five storage classes.
public enum TableValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    /// Approximate size in memory.
    public var sizeBytes: Int {
        switch self {
        case .null, .integer, .real: 16
        case .text(let text): 16 + text.utf8.count
        case .blob(let bytes): 16 + bytes.count
        }
    }
}
