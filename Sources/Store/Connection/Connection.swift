// One open SQLite file: statements, values, and SQLite's errors as sentences. Knows CSQLite; does not know runs.

import CSQLite
import Glibc
import Model
import RunsSQL

/// An open database. Used from one thread at a time.
final class Connection {
    let path: String
    let handle: OpaquePointer
    private var prepared: [String: PreparedStatement] = [:]

    let waiter: LockWaiter
    /// Not closed: closing would copy a damaged write-ahead log into the file.
    var isAbandoned = false

    init(path: String, uri: String? = nil, flags: Int32) throws(Failure) {
        self.path = path
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(uri ?? path, &opened, flags | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else {
            let failure = Self.failure(
                path: path, code: code, message: opened.map { String(cString: sqlite3_errmsg($0)) })
            sqlite3_close_v2(opened)
            throw failure
        }
        handle = opened
        waiter = LockWaiter(path: path)
        waiter.attach(to: handle)
    }

    deinit {
        if isAbandoned {
            _ = Unmanaged.passRetained(waiter)
            return
        }
        prepared.removeAll()
        sqlite3_close_v2(handle)
    }

    /// The statement, compiled once.
    func statement(_ statement: Statement) throws(Failure) -> PreparedStatement {
        if let known = prepared[statement.name] { return known }
        let new = try PreparedStatement(statement.text, in: self, isPersistent: true)
        prepared[statement.name] = new
        return new
    }

    /// Runs statements whose results are not needed.
    func execute(_ sql: String) throws(Failure) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        if code != SQLITE_OK { throw failure(code) }
    }

    var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }
    var changedRows: Int { Int(sqlite3_changes(handle)) }
    /// Whether the last call failed because another process holds the lock.
    var isBusy: Bool { sqlite3_errcode(handle) & 0xff == SQLITE_BUSY }
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Changes whenever another connection has committed. To be read within a transaction.
    var commitsOfOthers: UInt32? {
        var version: UInt32 = 0
        let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_DATA_VERSION, &version)
        return code == SQLITE_OK ? version : nil
    }

    func failure(_ code: Int32) -> Failure {
        if code & 0xff == SQLITE_BUSY, let failure = waiter.failure { return failure }
        return Self.failure(path: path, code: code, message: String(cString: sqlite3_errmsg(handle)))
    }

    /// SQLite opens a file without write permission even if it is told to write.
    var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") != 0 }

    func refuseReadOnly() throws(Failure) {
        if isReadOnly { throw Self.failure(path: path, code: SQLITE_READONLY, message: nil) }
    }

    fileprivate static func failure(path: String, code: Int32, message: String?) -> Failure {
        let sentence: String
        switch code & 0xff {
        case SQLITE_BUSY, SQLITE_LOCKED:
            sentence = "is locked by another program. Wait until it has finished, then try again"
        case SQLITE_FULL:
            sentence = "cannot grow: the disk is full. Free some space, then try again; what is recorded is safe"
        case SQLITE_IOERR:
            sentence =
                "cannot be read or written (the disk may be full or failing). Free some space or check the disk, then "
                + "try again"
        case SQLITE_CORRUPT:
            sentence =
                "is damaged. Make a copy and save what can be read with `sqlite3 COPY .recover`, or remove the store "
                + "to start again"
        case SQLITE_CONSTRAINT:
            sentence =
                "holds rows that contradict each other: another program has deleted or changed some. "
                + "`runs doctor --repair` repairs it"
        case SQLITE_NOTADB: sentence = "is not an SQLite file. Name another store with --store, or move the file away"
        case SQLITE_CANTOPEN: sentence = "cannot be opened. Check that its folder exists and is writable"
        case SQLITE_READONLY: sentence = "is not writable. Check the permissions of the file and of its folder"
        case SQLITE_PERM, SQLITE_AUTH: sentence = "does not permit this"
        default: sentence = "returned an error"
        }
        return Failure(
            .store, "the store \(path) \(sentence) (SQLite: \(message ?? String(cString: sqlite3_errstr(code)))).")
    }
}

/// A compiled statement. Does not keep its connection, which keeps it.
final class PreparedStatement {
    private let path: String
    private let waiter: LockWaiter
    private let handle: OpaquePointer
    /// By name, without the colon.
    private var parameters: [String: Int32] = [:]
    /// Those of the last call, in its order, which nearly always is that of the next call.
    private var lastBound: [(name: String, index: Int32)] = []

    init(_ sql: String, in connection: Connection, isPersistent: Bool) throws(Failure) {
        path = connection.path
        waiter = connection.waiter
        var compiled: OpaquePointer?
        let flags = isPersistent ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
        let code = sqlite3_prepare_v3(connection.handle, sql, -1, flags, &compiled, nil)
        guard code == SQLITE_OK, let compiled else { throw connection.failure(code) }
        handle = compiled
        for index in 0..<sqlite3_bind_parameter_count(handle) {
            if let name = sqlite3_bind_parameter_name(handle, index + 1) {
                parameters[String(cString: name + 1)] = index + 1
            }
        }
    }

    deinit { sqlite3_finalize(handle) }

    var columnNames: [String] {
        (0..<sqlite3_column_count(handle)).map { String(cString: sqlite3_column_name(handle, $0)) }
    }

    /// Runs the statement and passes each row to the closure.
    func run(_ bindings: [(String, Bindable?)] = [], _ row: (Row) throws(Failure) -> Void = { _ in }) throws(Failure) {
        defer {
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        for (position, (name, value)) in bindings.enumerated() {
            let index = index(of: name, boundAt: position)
            let code = value?.bind(handle, index) ?? sqlite3_bind_null(handle, index)
            guard code == SQLITE_OK else { throw failure(code) }
        }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: try row(Row(handle: handle))
            case SQLITE_DONE: return
            case let code: throw failure(code)
            }
        }
    }

    /// Runs a statement without rows whose parameters are bound one after another, as they first appear in its text.
    func run(bindingAll bind: (inout PositionalParameters) -> Void) throws(Failure) {
        defer {
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        var parameters = PositionalParameters(handle: handle)
        bind(&parameters)
        guard parameters.code == SQLITE_OK else { throw failure(parameters.code) }
        let code = sqlite3_step(handle)
        guard code == SQLITE_DONE else { throw failure(code) }
    }

    private func index(of name: String, boundAt position: Int) -> Int32 {
        if position < lastBound.count, lastBound[position].name == name { return lastBound[position].index }
        guard let index = parameters[name] else {
            preconditionFailure("no parameter :\(name) in \(sqlite3_sql(handle).map { String(cString: $0) } ?? "")")
        }
        lastBound.removeSubrange(min(position, lastBound.count)...)
        lastBound.append((name, index))
        return index
    }

    private func failure(_ code: Int32) -> Failure {
        if code & 0xff == SQLITE_BUSY, let failure = waiter.failure { return failure }
        return Connection.failure(
            path: path, code: code, message: String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
    }

    /// What the closure returns for the first row; nil without one.
    func first<T>(_ bindings: [(String, Bindable?)] = [], _ read: (Row) throws(Failure) -> T) throws(Failure) -> T? {
        var result: T?
        try run(bindings) { row throws(Failure) in if result == nil { result = try read(row) } }
        return result
    }

    /// What the closure returns for each row.
    func all<T>(_ bindings: [(String, Bindable?)] = [], _ read: (Row) throws(Failure) -> T) throws(Failure) -> [T] {
        var result: [T] = []
        try run(bindings) { row throws(Failure) in result.append(try read(row)) }
        return result
    }
}

/// Parameters that are bound by position, for statements with many.
struct PositionalParameters {
    fileprivate let handle: OpaquePointer
    private var bound: Int32 = 0
    /// SQLite's first code that is not OK.
    fileprivate private(set) var code = SQLITE_OK

    fileprivate init(handle: OpaquePointer) { self.handle = handle }

    mutating func add(_ value: (some Bindable)?) {
        bound += 1
        let result = value?.bind(handle, bound) ?? sqlite3_bind_null(handle, bound)
        if code == SQLITE_OK { code = result }
    }

    mutating func addNull() { add(nil as Int64?) }
}

/// A row while it is being read; columns count from 0.
struct Row {
    fileprivate let handle: OpaquePointer

    init(handle: OpaquePointer) { self.handle = handle }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func real(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }
    func flag(_ column: Int32) -> Bool { integer(column) != 0 }

    func text(_ column: Int32) -> String {
        guard let bytes = sqlite3_column_text(handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    func blob(_ column: Int32) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
    }

    func digest(_ column: Int32) throws(Failure) -> Digest {
        guard let digest = Digest(bytes: blob(column)) else {
            throw Failure(.store, "the store contains an invalid digest. Another program changed it.")
        }
        return digest
    }

    func value(_ column: Int32) -> TableValue {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: .integer(integer(column))
        case SQLITE_FLOAT: .real(real(column))
        case SQLITE_TEXT: .text(text(column))
        case SQLITE_BLOB: .blob(blob(column))
        default: .null
        }
    }
}

/// A value of a parameter.
protocol Bindable {
    /// Returns SQLite's result code.
    func bind(_ statement: OpaquePointer, _ index: Int32) -> Int32
}

extension Int64: Bindable {
    func bind(_ statement: OpaquePointer, _ index: Int32) -> Int32 { sqlite3_bind_int64(statement, index, self) }
}
extension Int: Bindable {
    func bind(_ statement: OpaquePointer, _ index: Int32) -> Int32 { sqlite3_bind_int64(statement, index, Int64(self)) }
}
extension Bool: Bindable {
    func bind(_ statement: OpaquePointer, _ index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, self ? 1 : 0)
    }
}
extension Double: Bindable {
    func bind(_ statement: OpaquePointer, _ index: Int32) -> Int32 { sqlite3_bind_double(statement, index, self) }
}
extension String: Bindable {
    func bind(_ statement: OpaquePointer, _ index: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // An empty text needs an address too, or it would become NULL.
                withUnsafePointer(to: CChar(0)) { empty in
                    csqlite_bind_text(statement, index, characters.baseAddress ?? empty, Int32(characters.count))
                }
            }
        }
    }
}
extension Array: Bindable where Element == UInt8 {
    func bind(_ statement: OpaquePointer, _ index: Int32) -> Int32 {
        withUnsafeBytes { bytes in
            // An empty array has no address, but is not NULL.
            bytes.isEmpty
                ? sqlite3_bind_zeroblob(statement, index, 0)
                : csqlite_bind_blob(statement, index, bytes.baseAddress, Int32(bytes.count))
        }
    }
}
extension Digest: Bindable {
    func bind(_ statement: OpaquePointer, _ index: Int32) -> Int32 { bytes.bind(statement, index) }
}
extension TableValue: Bindable {
    func bind(_ statement: OpaquePointer, _ index: Int32) -> Int32 {
        switch self {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let value): value.bind(statement, index)
        case .real(let value): value.bind(statement, index)
        case .text(let value): value.bind(statement, index)
        case .blob(let value): value.bind(statement, index)
        }
    }
}
