// Where things lie: the folder of `.runs`, the store. Knows how they are found.

import ArgumentParser
import Glibc
import Model
import Store

/// Options of every command that uses a store.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The store; else RUNS_STORE, else .runs/runs.db found by walking up.", valueName: "path"))
    var store: String?
}

/// A folder with `.runs`, and the store that belongs to it.
struct Project {
    /// Absolute: holds `.runs`.
    let root: String
    /// Absolute.
    let storePath: String

    /// The project of a pipeline, or of the working directory: the nearest folder upwards that has a store, else the
    /// starting folder itself.
    static func find(from folder: String, _ options: StoreOptions) throws -> Project {
        let start = try absolute(folder)
        var root = start
        var candidate = start
        while true {
            if access("\(candidate)/.runs/runs.db", F_OK) == 0 {
                root = candidate
                break
            }
            guard candidate != "/", let slash = candidate.lastIndex(of: "/") else { break }
            candidate = slash == candidate.startIndex ? "/" : String(candidate[..<slash])
        }
        if let named = options.store ?? variable("RUNS_STORE"), !named.isEmpty {
            return Project(root: root, storePath: named.hasPrefix("/") ? named : "\(try absolute("."))/\(named)")
        }
        return Project(root: root == "/" ? "" : root, storePath: "\(root == "/" ? "" : root)/.runs/runs.db")
    }

    /// The store for reading; a sentence where there is none.
    func openForReading() throws -> Store {
        guard access(storePath, F_OK) == 0 else {
            throw Failure(
                .store, "there is no store at \(storePath). Run `runs exec` first, or name one with --store.")
        }
        return try Store.open(path: storePath, access: .read)
    }

    /// The store for recording runs; nil where there is none yet.
    func existingStore() -> Result<Store, Failure>? {
        guard access(storePath, F_OK) == 0 else { return nil }
        return Result { () throws(Failure) in try Store.open(path: storePath, access: .write) }
    }

    /// The store for judging what is in it: it must be there, and writable.
    func openForWriting() throws -> Store {
        _ = try openForReading()
        if access(storePath, W_OK) != 0 {
            let why = String(cString: strerror(errno))
            throw Failure(
                .store,
                "the store \(storePath) may not be written to (\(why)). Check the permissions of the file and of its folder."
            )
        }
        return try Store.open(path: storePath, access: .write)
    }

    /// Whether `.runs` of the root holds the files of this store, not those of another one that lies there.
    var ownsFolder: Bool {
        let own = "\(root)/.runs/runs.db"
        var (named, lying) = (stat(), stat())
        guard stat(own, &lying) == 0 else { return true }
        return stat(storePath, &named) == 0 && named.st_dev == lying.st_dev && named.st_ino == lying.st_ino
    }

    static func absolute(_ folder: String) throws -> String {
        guard let resolved = realpath(folder, nil) else {
            throw Failure(.usage, "the folder '\(folder)' cannot be opened: \(String(cString: strerror(errno))).")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// `name=value`, for --set and --capacity.
func nameAndValue(_ text: String) throws -> (name: String, value: String) {
    guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
        throw Failure(.usage, "'\(text)' is not NAME=VALUE.")
    }
    return (String(text[..<sign]), String(text[text.index(after: sign)...]))
}

/// All bytes of a file, or a sentence.
func readBytes(_ path: String) throws(Failure) -> [UInt8] {
    // Never waits for the writer of a fifo.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        throw Failure(.usage, "'\(path)' cannot be read: \(String(cString: strerror(errno))).")
    }
    defer { close(descriptor) }
    var status = stat()
    fstat(descriptor, &status)
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(.usage, "'\(path)' is not a regular file.") }
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
            throw Failure(.usage, "'\(name)' cannot be read: \(String(cString: strerror(errno))).")
        }
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
        guard bytes.count <= mostBytes else {
            throw Failure(.usage, "'\(name)' is larger than \(mostBytes >> 20) MiB, which no query is.")
        }
    }
}
