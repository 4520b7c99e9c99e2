// Where outputs lie and where earlier versions of them are kept: making room, moving aside, putting back, removing.
// Everything is a rename on one file system; nothing that a stage made is copied or overwritten.

import Glibc
import Model

/// The output side of a project's folder.
public struct OutputArea: Sendable {
    private let root: String
    private let stateFolder: String

    public init(root: String, stateFolderName: String = ".runs") {
        self.root = root
        stateFolder = stateFolderName
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(root)/\(path)" }

    /// Whether anything is at the path, a dangling link included.
    public func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(absolute(path), &status) == 0
    }

    /// Makes the folder that the path lies in.
    public func makeParents(of path: String) throws(WorkspaceFailure) {
        let full = absolute(path)
        guard let slash = full.lastIndex(of: "/"), slash != full.startIndex else { return }
        let folder = String(full[..<slash])
        var status = stat()
        if stat(folder, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw WorkspaceFailure("the folder of '\(path)' cannot be made: '\(folder)' is a file. Move it away.")
            }
            return
        }
        try makeParents(of: folder)
        guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
            throw WorkspaceFailure("the folder of '\(path)' cannot be made", errno: errno)
        }
    }

    /// Writes a small file; its folder exists.
    public func write(_ text: String, to path: String) throws(WorkspaceFailure) {
        let descriptor = open(absolute(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw WorkspaceFailure("'\(path)' cannot be written", errno: errno) }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw WorkspaceFailure("'\(path)' cannot be written", errno: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes the folder of the program itself, which git ignores.
    public func prepare() throws(WorkspaceFailure) {
        let ignore = "\(stateFolder)/.gitignore"
        try makeParents(of: ignore)
        if !exists(ignore) { try write("*\n", to: ignore) }
    }

    // MARK: - Earlier versions

    /// Where an execution's version of a path is kept, relative to the root.
    public func keptPath(_ path: String, madeBy id: ExecutionID) -> String {
        "\(stateFolder)/kept/\(id)/\(path.hasPrefix("/") ? "_root" + path : path)"
    }

    public func isKept(_ path: String, madeBy id: ExecutionID) -> Bool { exists(keptPath(path, madeBy: id)) }

    /// Executions of which something is kept.
    public func keptExecutions() throws(WorkspaceFailure) -> [ExecutionID] {
        guard let folder = opendir("\(root)/\(stateFolder)/kept") else {
            if errno == ENOENT { return [] }
            throw WorkspaceFailure("the folder '\(stateFolder)/kept' cannot be read", errno: errno)
        }
        defer { closedir(folder) }
        var found: [ExecutionID] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if let number = Int64(name) { found.append(ExecutionID(number)) }
        }
        return found
    }

    /// Renames what is at the path to where that execution's versions are kept; an older one there is dropped. False:
    /// nothing was at the path.
    public func setAside(_ path: String, madeBy id: ExecutionID) throws(WorkspaceFailure) -> Bool {
        guard exists(path) else { return false }
        let kept = keptPath(path, madeBy: id)
        try makeParents(of: kept)
        if exists(kept) { try remove(kept) }
        try move(path, to: kept)
        return true
    }

    /// The reverse; the place must be free.
    public func putBack(_ path: String, madeBy id: ExecutionID) throws(WorkspaceFailure) {
        guard !exists(path) else { throw WorkspaceFailure("'\(path)' is in the way of what is to be put back there.") }
        try makeParents(of: path)
        try move(keptPath(path, madeBy: id), to: path)
        removeEmptyFolders(above: keptPath(path, madeBy: id), downTo: "\(stateFolder)/kept")
    }

    /// Removes everything that is kept of an execution.
    public func dropKept(_ id: ExecutionID) throws(WorkspaceFailure) { try remove("\(stateFolder)/kept/\(id)") }

    private func move(_ source: String, to target: String) throws(WorkspaceFailure) {
        guard rename(absolute(source), absolute(target)) == 0 else {
            let hint = errno == EXDEV ? ", which must be on the same file system" : ""
            throw WorkspaceFailure("'\(source)' cannot be moved to '\(target)'\(hint)", errno: errno)
        }
    }

    private func removeEmptyFolders(above path: String, downTo end: String) {
        var folder = path
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            guard folder.hasPrefix(end + "/"), rmdir(absolute(folder)) == 0 else { return }
        }
    }

    // MARK: - Removing

    /// Removes a file, a link or a whole folder; links are never followed. Nothing there is no error.
    ///
    /// - Throws: also for the root itself and what lies outside it.
    public func remove(_ path: String) throws(WorkspaceFailure) {
        let plain = normalized(path)
        guard !plain.hasPrefix("/"), plain != ".", plain != "..", !plain.hasPrefix("../") else {
            throw WorkspaceFailure("'\(path)' is not inside the project and is not removed.")
        }
        try removeTree(Array(absolute(plain).utf8CString), in: AT_FDCWD, shownAs: path)
    }

    private func removeTree(_ name: [CChar], in folder: Int32, shownAs path: String) throws(WorkspaceFailure) {
        if unlinkat(folder, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw WorkspaceFailure("'\(path)' cannot be removed", errno: errno) }
        // Only now that it is known to be no link; a folder made read-only is opened up first.
        fchmodat(folder, name, 0o700, 0)
        let descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0, let listing = fdopendir(descriptor) else {
            throw WorkspaceFailure("'\(path)' cannot be removed", errno: errno)
        }
        var names: [[CChar]] = []
        while let entry = readdir(listing) {
            let inner = withUnsafeBytes(of: entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } }
            if inner != [46], inner != [46, 46] { names.append(inner + [0]) }
        }
        defer { closedir(listing) }
        for inner in names { try removeTree(inner, in: descriptor, shownAs: path) }
        guard unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw WorkspaceFailure("'\(path)' cannot be removed", errno: errno)
        }
    }
}
