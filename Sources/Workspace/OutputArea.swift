// Where outputs lie and where earlier versions of them are kept: making room, moving aside, putting back, removing.
// Everything is a rename on one file system; nothing that a stage made is copied or overwritten.

import Glibc
import Model
import Programs

/// The output side of a project's folder.
public struct OutputArea: Sendable {
    private let root: String
    private let stateDirectory: String

    /// - Parameters:
    ///   - root: the project's folder; relative paths are below it.
    ///   - stateDirectory: the program's own folder, relative to it.
    public init(root: String, stateDirectory: String = ".runs") {
        self.root = root
        self.stateDirectory = stateDirectory
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(root)/\(path)" }

    /// Whether anything is at the path, a dangling link included.
    public func exists(_ path: String) -> Bool { status(path) != nil }

    /// The bytes of the regular file at the path; nil where something else is, a link included, or nothing.
    public func sizeOfFile(_ path: String) -> Int64? {
        guard let status = status(path), status.kind == .file else { return nil }
        return status.stamp.sizeBytes
    }

    private func status(_ path: String) -> FileStatus? { FileStatus.of(absolute(path), in: AT_FDCWD) }

    /// Makes the folder that the path lies in.
    public func makeParents(of path: String) throws(WorkspaceFailure) {
        let full = absolute(path)
        var missing: [String] = []
        var folder = full[...]
        while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            folder = folder[..<slash]
            var status = stat()
            if stat(String(folder), &status) == 0 {
                guard status.st_mode & S_IFMT == S_IFDIR else {
                    throw WorkspaceFailure(
                        "the folder of '\(path)' cannot be made: '\(folder)' is a file. Move it away.")
                }
                break
            }
            missing.append(String(folder))
        }
        for folder in missing.reversed() {
            guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
                throw WorkspaceFailure("the folder of '\(path)' cannot be made", errno: errno)
            }
        }
    }

    /// Writes a small file; its folder exists.
    public func write(_ text: String, to path: String) throws(WorkspaceFailure) {
        let descriptor = open(absolute(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw WorkspaceFailure("'\(path)' cannot be written", errno: errno) }
        defer { close(descriptor) }
        guard writeAll(text.utf8, to: descriptor) else {
            throw WorkspaceFailure("'\(path)' cannot be written", errno: errno)
        }
    }

    /// Makes the folder of the program itself, which git ignores.
    public func prepare() throws(WorkspaceFailure) {
        let ignore = "\(stateDirectory)/.gitignore"
        // Whoever may write to this folder may replace the store, so it is never open to the world, whatever the umask.
        guard mkdir(absolute(stateDirectory), 0o775) == 0 || errno == EEXIST else {
            throw WorkspaceFailure("the folder '\(stateDirectory)' cannot be made", errno: errno)
        }
        if !exists(ignore) { try write("*\n", to: ignore) }
    }

    // MARK: - Earlier versions

    /// Where an execution's version of a path is kept, relative to the root.
    public func keptPath(_ path: String, madeBy id: ExecutionID) -> String {
        let place = path.hasPrefix("/") ? "_root" + path : path
        guard place.split(separator: "/").contains("..") else { return "\(stateDirectory)/kept/\(id)/\(place)" }
        let words = place.split(separator: "/").map { $0 == ".." ? "_up" : $0 }
        return "\(stateDirectory)/kept/\(id)/\(words.joined(separator: "/"))"
    }

    /// Whether a version of a path that the execution made is kept.
    public func isKept(_ path: String, madeBy id: ExecutionID) -> Bool { exists(keptPath(path, madeBy: id)) }

    /// Executions of which something is kept, in order.
    public func keptExecutions() throws(WorkspaceFailure) -> [ExecutionID] {
        try numberedFolders(in: "\(stateDirectory)/kept").map { ExecutionID($0) }
    }

    /// Numbers that folders in a folder have for names, in order. None where there is no such folder.
    public func numberedFolders(in folder: String) throws(WorkspaceFailure) -> [Int64] {
        let descriptor = open(absolute(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, let listing = FolderListing(descriptor: descriptor) else {
            if errno == ENOENT { return [] }
            throw WorkspaceFailure("the folder '\(folder)' cannot be read", errno: errno)
        }
        return listing.entries.compactMap { entry in
            guard entry.kind == .folder else { return nil }
            let name = String(decoding: listing.name(of: entry), as: UTF8.self)
            // Another spelling of a number, such as +1, is nothing of ours.
            return Int64(name).flatMap { String($0) == name ? $0 : nil }
        }.sorted()
    }

    /// Renames what is at the path to where that execution's versions are kept; an older one there is replaced.
    ///
    /// - Parameter mayBeOutside: whether the path may be written with `..`.
    /// - Returns: false where nothing was at the path.
    /// - Throws: also where that place is on another file system: nothing is ever copied.
    public func setAside(
        _ path: String, madeBy id: ExecutionID, mayBeOutside: Bool = false
    ) throws(WorkspaceFailure) -> Bool {
        if !mayBeOutside { try refuseEscape(path) }
        guard let found = status(path) else { return false }
        let kept = keptPath(path, madeBy: id)
        try makeParents(of: kept)
        // A file takes the place of a file in one step; a folder cannot.
        if let older = status(kept), older.kind == .folder || found.kind == .folder { try remove(kept) }
        try move(path, to: kept)
        return true
    }

    /// The reverse; the place must be free.
    public func putBack(
        _ path: String, madeBy id: ExecutionID, mayBeOutside: Bool = false
    ) throws(WorkspaceFailure) {
        if !mayBeOutside { try refuseEscape(path) }
        let kept = keptPath(path, madeBy: id)
        guard exists(kept) else {
            throw WorkspaceFailure("'\(path)' of execution \(id) is no longer kept and cannot be put back.")
        }
        guard !exists(path) else {
            throw WorkspaceFailure("'\(path)' is in the way of what is to be put back there. Move it away.")
        }
        try makeParents(of: path)
        try move(kept, to: path)
        removeEmptyFolders(above: kept, downTo: "\(stateDirectory)/kept")
    }

    /// Removes everything that is kept of an execution.
    public func dropKept(_ id: ExecutionID) throws(WorkspaceFailure) { try remove("\(stateDirectory)/kept/\(id)") }

    private func move(_ source: String, to target: String) throws(WorkspaceFailure) {
        if rename(absolute(source), absolute(target)) == 0 { return }
        var number = errno
        // A folder that may not be written to cannot change the folder it lies in.
        var status = stat()
        if number == EACCES, lstat(absolute(source), &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_mode & S_IWUSR == 0, chmod(absolute(source), status.st_mode | S_IWUSR) == 0
        {
            let isMoved = rename(absolute(source), absolute(target)) == 0
            number = errno
            chmod(absolute(isMoved ? target : source), status.st_mode)
            if isMoved { return }
        }
        let what = "'\(source)' cannot be moved to '\(target)'"
        guard number == EXDEV else { throw WorkspaceFailure(what, errno: number) }
        throw WorkspaceFailure(
            "\(what), which is on another file system, and outputs are never copied. "
                + "Have both on one file system, or move '\(source)' away by hand.")
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
        guard try !leavesFolder(path) else {
            throw WorkspaceFailure("'\(path)' is not inside the project and is not removed.")
        }
        try Removal.remove(absolute(path), shownAs: path)
    }

    /// Whether the path is the root itself or, after the links among its parents are followed, lies outside it.
    /// A link at the path itself is not followed.
    public func leavesFolder(_ path: String) throws(WorkspaceFailure) -> Bool {
        if isPlain(path) { return false }
        let inside = try top()
        guard let whole = try place(of: path) else { return true }
        return !(whole.count > inside.count && whole.starts(with: inside))
    }

    /// Whether the path, after the links among its parents are followed, is the program's own folder or lies in it.
    public func entersStateDirectory(_ path: String) throws(WorkspaceFailure) -> Bool {
        if isPlain(path) { return false }
        var state = try top() + [stateDirectory[...]]
        // It may be a link to a larger disk.
        if let real = resolved(absolute(stateDirectory)) { state = real.split(separator: "/") }
        return try place(of: path)?.starts(with: state) ?? false
    }

    /// Whether it takes no following of links to tell where a path lies: down from the root through folders that are none
    /// and are not the program's own. So it is with nearly all, and a look at each folder is much less work.
    private func isPlain(_ path: String) -> Bool {
        guard !path.hasPrefix("/"), let state = try? FileStatus.of(absolute(stateDirectory), shownAs: stateDirectory)
        else { return false }
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        guard names.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else { return false }
        var place = root
        for (position, name) in names.enumerated() {
            place += "/\(name)"
            guard let found = FileStatus.of(place, in: AT_FDCWD) else { return errno == ENOENT }
            if found.stamp.identity == state.stamp.identity { return false }
            if position < names.count - 1, found.kind != .folder { return false }
        }
        return true
    }

    /// The root's own place.
    private func top() throws(WorkspaceFailure) -> [Substring] {
        guard let top = resolved(root.isEmpty ? "/" : root) else {
            throw WorkspaceFailure("the folder '\(root)' cannot be found", errno: errno)
        }
        return top.split(separator: "/")
    }

    /// The path's names from the file system's root on, with the links among its parents followed; nil where it cannot be
    /// told where it leads.
    private func place(of path: String) throws(WorkspaceFailure) -> [Substring]? {
        var rest = try path.hasPrefix("/") ? path.split(separator: "/") : top() + path.split(separator: "/")
        // What the last word of a path such as `a/..` means is not the name of anything.
        guard let name = rest.popLast(), name != ".." else { return nil }
        var missing: [Substring] = []
        while true {
            let folder = "/" + rest.joined(separator: "/")
            if let real = resolved(folder) {
                return real.split(separator: "/") + missing.reversed() + (name == "." ? [] : [name])
            }
            guard errno == ENOENT || errno == ENOTDIR else {
                throw WorkspaceFailure("'\(folder)' cannot be looked at", errno: errno)
            }
            // Through a link that leads nowhere, or up from a folder that is not there, it may lead anywhere.
            guard let part = rest.popLast(), part != "..", FileStatus.of(folder, in: AT_FDCWD) == nil else {
                return nil
            }
            missing.append(part)
        }
    }

    private func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    private func refuseEscape(_ path: String) throws(WorkspaceFailure) {
        guard path.split(separator: "/").contains("..") else { return }
        throw WorkspaceFailure("'\(path)' may lead out of the project and is not moved. Write it without '..'.")
    }
}
