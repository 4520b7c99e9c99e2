// SQL of users: it can read the views and nothing else. Errors say what is rejected and why. Knows SQLite's authorizer;
// does not know how rows are shown.

import CSQLite
import Model
import RunsSQL

/// Bounds of a user's query.
public struct QueryLimits: Sendable {
    /// Seconds after which the query is interrupted; nil: never.
    public var timeoutSeconds: Double?
    /// Bytes of a single value or row.
    public var lengthBytes: Int32 = 64 << 20
    /// Bytes of memory of the whole query.
    public var heapBytes: Int64 = 512 << 20

    public init(timeoutSeconds: Double?) { self.timeoutSeconds = timeoutSeconds }

    /// The error if the time is over.
    public var timeoutFailure: Failure {
        Failure(
            .usage,
            "the query took longer than \(timeoutSeconds ?? 0) s and was interrupted. Raise --timeout, or select less.")
    }
}

extension Store {
    /// Runs one SELECT of a user.
    ///
    /// - Parameters:
    ///   - bindings: values for `:name`, `@name` and `$name`; numbers are bound as numbers.
    ///   - mayBeUnset: whether a name without a value is NULL, as in the built-in queries.
    ///   - onWarning: called with a sentence about SQL that is valid, but probably not what was meant.
    ///   - onColumns: called once with the names of the columns.
    ///   - onRow: called for each row; returns false to end the query.
    /// - Throws: a `Failure` of kind `usage` if the SQL is invalid or would do more than read.
    public func query(
        _ sql: String, bindings: [(name: String, value: String)], mayBeUnset: Bool = false, limits: QueryLimits,
        onWarning: (String) -> Void = { _ in }, onColumns: ([String]) -> Void, onRow: ([TableValue]) -> Bool
    ) throws(Failure) {
        let database = connection.handle
        let lengthBefore = sqlite3_limit(database, SQLITE_LIMIT_LENGTH, limits.lengthBytes)
        let heapBefore = sqlite3_hard_heap_limit64(limits.heapBytes)
        sqlite3_set_authorizer(database, allowReadingOnly, nil)
        defer {
            sqlite3_set_authorizer(database, nil, nil)
            sqlite3_hard_heap_limit64(heapBefore)
            sqlite3_limit(database, SQLITE_LIMIT_LENGTH, lengthBefore)
        }

        // Includes compilation, which nested views can make slow.
        let deadline = limits.timeoutSeconds.map { ContinuousClock.now + .seconds($0) }
        let (statement, textColumn) = try compile(sql)
        defer { sqlite3_finalize(statement) }
        try bind(bindings, mayBeUnset: mayBeUnset, to: statement)
        if let textColumn { onWarning(readAsText(textColumn, in: sql)) }

        return try withDeadline(deadline, on: database) { () throws(Failure) in
            let columns = sqlite3_column_count(statement)
            onColumns((0..<columns).map { String(cString: sqlite3_column_name(statement, $0)) })
            while true {
                switch sqlite3_step(statement) {
                case SQLITE_ROW:
                    let row = Row(handle: statement)
                    guard onRow((0..<columns).map { row.value($0) }) else { return }
                case SQLITE_DONE: return
                case SQLITE_INTERRUPT: throw limits.timeoutFailure
                case SQLITE_NOMEM, SQLITE_TOOBIG:
                    throw Self.needsTooMuchMemory
                case let code where [SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_IOERR, SQLITE_NOTADB].contains(code & 0xff):
                    throw connection.failure(code)
                default: throw Failure(.usage, "the query failed: \(String(cString: sqlite3_errmsg(database))).")
                }
            }
        }
    }

    private static let needsTooMuchMemory = Failure(
        .usage, "the query needs more memory than it may use. Select less, or read the store with sqlite3.")

    /// - Returns: also a word in double quotes that SQLite takes for text because no column has that name.
    private func compile(_ sql: String) throws(Failure) -> (statement: OpaquePointer, textColumn: String?) {
        guard !sql.utf8.contains(0) else { throw Failure(.usage, "the query contains a NUL byte. Remove it.") }
        let takesNamesForText = csqlite_set_double_quoted_text(connection.handle, 0)
        defer { _ = csqlite_set_double_quoted_text(connection.handle, takesNamesForText) }
        var (code, compiled, rest) = prepare(sql)
        var textColumn: String?
        if code != SQLITE_OK, sql.contains("\""),
            let column = Self.unknownColumn(in: String(cString: sqlite3_errmsg(connection.handle)))
        {
            _ = csqlite_set_double_quoted_text(connection.handle, 1)
            textColumn = column
            (code, compiled, rest) = prepare(sql)
        }
        guard code == SQLITE_OK else {
            // SQLite reports a denied function like any other error.
            let message = String(cString: sqlite3_errmsg(connection.handle))
            guard code & 0xff != SQLITE_NOMEM, code & 0xff != SQLITE_TOOBIG else { throw Self.needsTooMuchMemory }
            guard code & 0xff != SQLITE_AUTH, !message.hasPrefix("not authorized") else {
                throw Failure(
                    .usage,
                    "a query may only read: SELECT from the views. Writing, ATTACH, VACUUM, load_extension and most "
                        + "PRAGMAs are rejected (SQLite: \(message)).")
            }
            throw Failure(.usage, explained(sql, message: message))
        }
        guard let compiled else {
            throw Failure(.usage, "the query contains no SQL. Example: runs query \"select * from runs\"")
        }
        guard isEmpty(rest) else {
            sqlite3_finalize(compiled)
            throw Failure(.usage, "one statement at a time: there is more SQL after the first statement.")
        }
        guard sqlite3_stmt_readonly(compiled) != 0 else {
            sqlite3_finalize(compiled)
            throw Failure(.usage, "a query may only read: SELECT from the views.")
        }
        return (compiled, textColumn)
    }

    private func prepare(_ sql: String) -> (code: Int32, compiled: OpaquePointer?, rest: String) {
        var compiled: OpaquePointer?
        var rest = ""
        var sql = sql
        let code = sql.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters -> Int32 in
                var tail: UnsafePointer<CChar>?
                let code = sqlite3_prepare_v3(
                    connection.handle, characters.baseAddress, Int32(characters.count), 0, &compiled, &tail)
                if let tail, let start = characters.baseAddress {
                    rest = String(decoding: UnsafeRawBufferPointer(characters)[(tail - start)...], as: UTF8.self)
                }
                return code
            }
        }
        return (code, compiled, rest)
    }

    private func readAsText(_ column: String, in sql: String) -> String {
        let hint = suggestion(forColumn: column, in: sql).map { " \($0)" } ?? ""
        return "\"\(column)\" is not a column, so SQLite reads it as text (write text in single quotes).\(hint)"
    }

    /// SQLite's message, with a mark under the place and, for an unknown table, the nearest view.
    private func explained(_ sql: String, message: String) -> String {
        var text = "invalid query: \(message)."
        let offset = Int(sqlite3_error_offset(connection.handle))
        if offset >= 0 {
            let bytes = Array(sql.utf8)
            let start = (bytes[..<min(offset, bytes.count)].lastIndex(of: 10) ?? -1) + 1
            let end = bytes[min(offset, bytes.count)...].firstIndex(of: 10) ?? bytes.count
            let before = String(decoding: bytes[start..<min(offset, bytes.count)], as: UTF8.self)
            text +=
                "\n  \(String(decoding: bytes[start..<end], as: UTF8.self))\n  "
                + String(repeating: " ", count: before.count) + "^"
        }
        let marker = "no such table: "
        if message.hasPrefix(marker),
            let view = nearest(to: String(message.dropFirst(marker.count)), among: Self.publicViews)
        {
            text += "\nDid you mean the view '\(view)'?"
        } else if message.hasPrefix(marker) {
            text += "\nThe views are: \(Self.publicViews.joined(separator: ", "))."
        } else if let column = Self.unknownColumn(in: message), let hint = suggestion(forColumn: column, in: sql) {
            text += "\n\(hint)"
        }
        return text
    }

    /// Built-in queries: the files of `sql/canned`.
    public static var cannedQueries: [(name: String, summary: String, sql: String)] {
        SQL.canned.map { ($0.name, $0.summary, $0.text) }
    }

    /// The public views, documented in docs/store.md.
    public static let publicViews = [
        "runs", "executions", "decisions", "inputs", "outputs", "params", "variables", "lineage_params", "metrics",
        "final_metrics", "resources", "gpu_samples", "current", "latest", "tags", "stage_stats",
    ]

    /// Whether the rest is only white space, comments and semicolons.
    private func isEmpty(_ rest: String) -> Bool {
        if rest.utf8.allSatisfy({ $0 == 32 || (9...13).contains($0) || $0 == UInt8(ascii: ";") }) { return true }
        var compiled: OpaquePointer?
        let code = sqlite3_prepare_v2(connection.handle, rest, -1, &compiled, nil)
        defer { sqlite3_finalize(compiled) }
        return code == SQLITE_OK && compiled == nil
    }

    private func bind(
        _ bindings: [(name: String, value: String)], mayBeUnset: Bool, to statement: OpaquePointer
    ) throws(Failure) {
        var unused = Set(bindings.map(\.name))
        for index in 0..<sqlite3_bind_parameter_count(statement) {
            guard let raw = sqlite3_bind_parameter_name(statement, index + 1), raw.pointee != CChar(UInt8(ascii: "?"))
            else {
                throw Failure(.usage, "the query has a '?' without a name. Write :name and set it with -p name=value.")
            }
            let name = String(String(cString: raw).dropFirst())
            guard let value = bindings.last(where: { $0.name == name })?.value else {
                if mayBeUnset { continue }
                throw Failure(.usage, "the query needs a value for :\(name). Set it with -p \(name)=VALUE.")
            }
            unused.remove(name)
            _ = typed(value).bind(statement, index + 1)
        }
        if let name = unused.min() { throw Failure(.usage, "unknown parameter :\(name): the query does not use it.") }
    }

    /// A number if it is written as one; `nan`, `inf` and `0x10` are texts.
    private func typed(_ value: String) -> TableValue {
        guard value.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }) else {
            return .text(value)
        }
        return Int64(value).map { .integer($0) } ?? Double(value).map { .real($0) } ?? .text(value)
    }

    private func withDeadline<T>(
        _ deadline: ContinuousClock.Instant?, on database: OpaquePointer, _ body: () throws(Failure) -> T
    ) throws(Failure) -> T {
        guard let deadline else { return try body() }
        // SQLite uses the address only while the query runs.
        let place = UnsafeMutablePointer<ContinuousClock.Instant>.allocate(capacity: 1)
        place.initialize(to: deadline)
        defer {
            sqlite3_progress_handler(database, 0, nil, nil)
            place.deinitialize(count: 1)
            place.deallocate()
        }
        sqlite3_progress_handler(
            database, 10_000,
            { context in
                guard let context else { return 0 }
                return ContinuousClock.now > context.assumingMemoryBound(to: ContinuousClock.Instant.self).pointee
                    ? 1 : 0
            }, place)
        return try body()
    }
}

/// Allows SELECT, reading, pure functions, recursion, and the pragmas that describe a schema.
private func allowReadingOnly(
    _: UnsafeMutableRawPointer?, action: Int32, first: UnsafePointer<CChar>?, second: UnsafePointer<CChar>?,
    _: UnsafePointer<CChar>?, _: UnsafePointer<CChar>?
) -> Int32 {
    switch action {
    case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: return SQLITE_OK
    // Requested when a table-valued pragma is first used. A real UPDATE of the schema fails anyway: the pragma that
    // would allow it is denied, and the statement would not be read-only.
    case SQLITE_UPDATE: return first.map { String(cString: $0) } == "sqlite_master" ? SQLITE_OK : SQLITE_DENY
    case SQLITE_FUNCTION:
        let name = second.map { String(cString: $0).lowercased() } ?? ""
        return ["load_extension", "fts3_tokenizer", "writefile", "edit"].contains(name) ? SQLITE_DENY : SQLITE_OK
    case SQLITE_PRAGMA:
        let name = first.map { String(cString: $0).lowercased() } ?? ""
        let describing = [
            "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list",
            "database_list", "function_list", "collation_list", "compile_options",
        ]
        return describing.contains(name) ? SQLITE_OK : SQLITE_DENY
    default: return SQLITE_DENY
    }
}
