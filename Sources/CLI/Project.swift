// The project: the folder of `.runs`, and the store. Knows how they are found; does not know what the store holds.

import ArgumentParser
import Glibc
import Model
import Store

/// Options of every command that uses a store.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Path of the store (default: RUNS_STORE, else .runs/runs.db here or in a parent folder)", valueName: "path")
    )
    var store: String?
}

/// A folder with `.runs`, and the store that belongs to it.
struct Project {
    /// Absolute: holds `.runs`.
    let root: String
    /// Absolute.
    let storePath: String

    /// The project of a pipeline, or of the working directory: the folder itself or its nearest ancestor that has a
    /// store, else the folder itself. If a store is named, only that store counts: which others exist may change.
    static func find(from folder: String, _ options: StoreOptions) throws -> Project {
        let start = try absolute(folder)
        if let named = options.store ?? variable("RUNS_STORE"), !named.isEmpty {
            let path = named.hasPrefix("/") ? named : "\(try absolute("."))/\(named)"
            return Project(root: withoutSlash(folderAround(path, over: start) ?? start), storePath: path)
        }
        var root = start
        var candidate = start
        while true {
            if access("\(candidate)/.runs/runs.db", F_OK) == 0 {
                root = candidate
                break
            }
            guard candidate != "/" else { break }
            candidate = parent(of: candidate)
        }
        return Project(root: withoutSlash(root), storePath: "\(withoutSlash(root))/.runs/runs.db")
    }

    /// The folder whose `.runs` holds the store, if it is `folder` or one above it. The store need not exist yet.
    private static func folderAround(_ storePath: String, over folder: String) -> String? {
        let resolved = [storePath] + ((try? absolute(storePath)).map { [$0] } ?? [])
        return resolved.lazy.compactMap { path in
            let state = parent(of: path)
            guard state.hasSuffix("/.runs"), let root = try? absolute(parent(of: state)) else { return nil }
            return "\(folder)/".hasPrefix("\(withoutSlash(root))/") ? root : nil
        }.first
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// `/` as the beginning of a path.
    private static func withoutSlash(_ folder: String) -> String { folder == "/" ? "" : folder }

    /// Opens the store for reading; it must exist.
    func openForReading() throws -> Store {
        guard access(storePath, F_OK) == 0 else {
            throw Failure(
                .store, "store \(storePath) does not exist (run `runs exec` first, or name a store with --store)")
        }
        let store = try Store.open(path: storePath, access: .read)
        try findGoneRuns(in: store)
        return store
    }

    /// Opens the store for recording runs; nil if it does not exist yet.
    func existingStore() -> Result<Store, Failure>? {
        guard access(storePath, F_OK) == 0 else { return nil }
        return Result { () throws(Failure) in try Store.open(path: storePath, access: .write) }
    }

    /// Opens the store for changing what is in it; it must exist and be writable.
    func openForWriting() throws -> Store {
        _ = try openForReading()
        if access(storePath, W_OK) != 0 {
            let why = String(cString: strerror(errno))
            throw Failure(
                .store,
                "cannot write to store \(storePath): \(why) (check the permissions of the file and of its folder)")
        }
        return try Store.open(path: storePath, access: .write)
    }

    /// Whether `.runs` of the root belongs to this store, not to another one in it.
    var ownsFolder: Bool {
        let own = "\(root)/.runs/runs.db"
        var (named, present) = (stat(), stat())
        guard stat(own, &present) == 0 else { return true }
        return stat(storePath, &named) == 0 && named.st_dev == present.st_dev && named.st_ino == present.st_ino
    }

    static func absolute(_ folder: String) throws -> String {
        guard let resolved = realpath(folder, nil) else {
            // As arguments that are not UTF-8 are read.
            let isRepaired = folder.unicodeScalars.contains("\u{FFFD}")
            throw Failure(
                .usage,
                "cannot open folder '\(folder)': \(String(cString: strerror(errno)))"
                    + (isRepaired ? " (paths must be UTF-8; rename the folder)" : ""))
        }
        defer { free(resolved) }
        guard let path = String(validatingCString: resolved) else {
            throw Failure(
                .usage, "the path of folder '\(String(cString: resolved))' is not UTF-8 (rename it)")
        }
        return path
    }
}

/// `name=value`, for --set and --capacity.
func nameAndValue(_ text: String) throws -> (name: String, value: String) {
    guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
        throw Failure(.usage, "invalid argument '\(text)' (expected NAME=VALUE)")
    }
    return (String(text[..<sign]), String(text[text.index(after: sign)...]))
}

/// All bytes of a regular file.
func readBytes(_ path: String) throws(Failure) -> [UInt8] {
    // O_NONBLOCK: opening a FIFO must not wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        throw Failure(.usage, "cannot read '\(path)': \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var status = stat()
    fstat(descriptor, &status)
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(.usage, "'\(path)' is not a regular file") }
    return try readToEnd(descriptor, shownAs: path, expectedBytes: Int(status.st_size))
}

func readToEnd(
    _ descriptor: Int32, shownAs name: String, expectedBytes: Int = 0, mostBytes: Int = .max
) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(expectedBytes)
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count >= 0 else {
            throw Failure(.usage, "cannot read '\(name)': \(String(cString: strerror(errno)))")
        }
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
        guard bytes.count <= mostBytes else {
            throw Failure(.usage, "'\(name)' is larger than \(mostBytes >> 20) MiB (the limit of a query)")
        }
    }
}
