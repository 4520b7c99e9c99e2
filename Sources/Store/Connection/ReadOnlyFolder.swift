// Reads a store that is not writable: a write-ahead log needs shared memory beside it, which a read-only folder cannot
// hold. Knows files and open flags; does not know what the store contains.

import CSQLite
import Glibc
import Model
import RunsSQL

extension Connection {
    /// A connection for reading, and the temporary folder of the copy that it reads, if one was needed.
    static func forReading(_ path: String) throws(Failure) -> (connection: Connection, temporaryFolder: String?) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        if access(folder, W_OK) == 0 && access(path, W_OK) == 0 {
            // The authorizer of user queries, not the open mode, is what keeps them from writing.
            return (try Connection(path: path, flags: SQLITE_OPEN_READWRITE), nil)
        }
        // Works while a writer has the shared memory open, and for rollback journals.
        if let connection = try? Connection(path: path, flags: SQLITE_OPEN_READONLY),
            (try? connection.statement(SQL.countTables).first { $0.integer(0) }) != nil
        {
            return (connection, nil)
        }
        if fileSize("\(path)-wal") == 0 {
            let uri = "file:" + percentEncoded(path) + "?immutable=1"
            return (try Connection(path: path, uri: uri, flags: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI), nil)
        }
        // `immutable` would ignore what is only in the log.
        let copy = try copyToTemporaryFolder(path)
        return (try Connection(path: "\(copy)/runs.db", flags: SQLITE_OPEN_READWRITE), copy)
    }

    /// A connection to a writable copy of this store, and the temporary folder of the copy.
    func copyForReading() throws(Failure) -> (connection: Connection, temporaryFolder: String) {
        let folder = try makeTemporaryFolder()
        do {
            try statement(SQL.copyStore).run([("path", "\(folder)/runs.db")])
            return (try Connection(path: "\(folder)/runs.db", flags: SQLITE_OPEN_READWRITE), folder)
        } catch {
            removeTemporaryFolder(folder)
            throw error
        }
    }
}

/// Deletes a folder that `Store.temporaryFolder` names.
public func removeTemporaryFolder(_ folder: String) {
    for name in ["runs.db", "runs.db-wal", "runs.db-shm"] { unlink("\(folder)/\(name)") }
    rmdir(folder)
}

func fileSize(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
}

private func percentEncoded(_ path: String) -> String {
    path.utf8.map { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            return String(UnicodeScalar(byte))
        default:
            if "/-_.".utf8.contains(byte) { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16)
            return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
        }
    }.joined()
}

private func makeTemporaryFolder() throws(Failure) -> String {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/runs-reading-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw Failure(
            .store,
            "cannot create a temporary folder in \(base) for a copy of the store. Set TMPDIR to a writable folder.")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

private func copyToTemporaryFolder(_ path: String) throws(Failure) -> String {
    let folder = try makeTemporaryFolder()
    for suffix in ["", "-wal"] where !copyFile("\(path)\(suffix)", to: "\(folder)/runs.db\(suffix)") {
        removeTemporaryFolder(folder)
        throw Failure(
            .store, "cannot copy the store \(path)\(suffix) to \(folder). Free some space there, or set TMPDIR."
        )
    }
    return folder
}

private func copyFile(_ source: String, to target: String) -> Bool {
    let input = open(source, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { return false }
    defer { close(input) }
    let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard output >= 0 else { return false }
    defer { close(output) }
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(input, &chunk, chunk.count)
        if count <= 0 { return count == 0 }
        guard write(output, chunk, count) == count else { return false }
    }
}
