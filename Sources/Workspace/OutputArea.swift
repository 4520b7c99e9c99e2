// Manages outputs and their kept versions: moves them aside, restores and removes them. Knows paths and renames on one
// file system; never copies or overwrites what a stage made. Does not know stages.

import Glibc
import Model
import Programs

/// The outputs in a project's folder and their kept versions.
public struct OutputArea: Sendable {
    private let root: String
    private let stateDirectory: String

    /// - Parameters:
    ///   - root: the project's folder, which paths are relative to.
    ///   - stateDirectory: the state folder, relative to it.
    public init(root: String, stateDirectory: String = ".runs") {
        self.root = root
        self.stateDirectory = stateDirectory
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(root)/\(path)" }

    /// Whether the path exists, even as a dangling link.
    public func exists(_ path: String) -> Bool { status(path) != nil }

    /// The content of the regular file at the path; nil if it is anything else, such as a link, or does not exist.
    public func sizeOfFile(_ path: String) -> Int64? {
        guard let status = status(path), status.kind == .file else { return nil }
        return status.stamp.sizeBytes
    }

    private func status(_ path: String) -> FileStatus? { FileStatus.of(absolute(path), in: AT_FDCWD) }

    /// Creates the folder of the path. Folders of the state folder are never writable by others.
    public func makeParents(of path: String) throws(WorkspaceFailure) {
        let full = absolute(path)
        let permissions = path.hasPrefix("\(stateDirectory)/") ? StateFile.folderPermissions : 0o777
        var missing: [String] = []
        var folder = full[...]
        while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            folder = folder[..<slash]
            var status = stat()
            if stat(String(folder), &status) == 0 {
                guard status.st_mode & S_IFMT == S_IFDIR else {
                    throw WorkspaceFailure(
                        "cannot create the folder of '\(path)': '\(folder)' is a file. Move it away.")
                }
                break
            }
            missing.append(String(folder))
        }
        for folder in missing.reversed() {
            guard mkdir(folder, permissions) == 0 || errno == EEXIST else {
                throw WorkspaceFailure("cannot create the folder of '\(path)'", errno: errno)
            }
        }
    }

    /// Writes a small file of the state folder; its folder exists.
    ///
    /// - Parameter isPrivate: whether only the user may read it.
    public func write(_ text: String, to path: String, isPrivate: Bool = false) throws(WorkspaceFailure) {
        let descriptor: Int32
        do {
            descriptor = try StateFile.open(
                absolute(path), O_WRONLY | O_CREAT | O_TRUNC,
                permissions: isPrivate ? 0o600 : StateFile.permissions)
        } catch {
            guard error.isOtherKind else { throw WorkspaceFailure("cannot write '\(path)'", errno: error.errno) }
            throw WorkspaceFailure("cannot write '\(path)': \(error.reason).")
        }
        defer { close(descriptor) }
        guard writeAll(text.utf8, to: descriptor) else {
            throw WorkspaceFailure("cannot write '\(path)'", errno: errno)
        }
    }

    /// Creates the state folder, which git ignores.
    public func prepare() throws(WorkspaceFailure) {
        let ignore = "\(stateDirectory)/.gitignore"
        // Whoever can write to this folder can replace the store, so others get no write permission, whatever the
        // umask.
        if mkdir(absolute(stateDirectory), StateFile.folderPermissions) != 0 {
            guard errno == EEXIST else {
                throw WorkspaceFailure("cannot create the folder '\(stateDirectory)'", errno: errno)
            }
            // Made by version 0.1 under a permissive umask, or changed by a stage.
            var status = stat()
            if lstat(absolute(stateDirectory), &status) == 0, status.st_mode & S_IWOTH != 0 {
                chmod(absolute(stateDirectory), status.st_mode & 0o7777 & ~mode_t(S_IWOTH))
            }
            for name in ["logs", "kept", "live", "tmp", "clock", ".gitignore"] {
                removeWriteAccessOfOthers(absolute("\(stateDirectory)/\(name)"))
            }
        }
        if !exists(ignore) { try write("*\n", to: ignore) }
    }

    // MARK: - Earlier versions

    /// The path of an execution's kept version, relative to the root.
    public func keptPath(_ path: String, madeBy id: ExecutionID) -> String {
        let place = path.hasPrefix("/") ? "_root" + path : path
        guard place.split(separator: "/").contains("..") else { return "\(keptFolder(of: id))/\(place)" }
        let words = place.split(separator: "/").map { $0 == ".." ? "_up" : $0 }
        return "\(keptFolder(of: id))/\(words.joined(separator: "/"))"
    }

    /// Whether the execution's version of a path is kept.
    public func isKept(_ path: String, madeBy id: ExecutionID) -> Bool { exists(keptPath(path, madeBy: id)) }

    /// Executions with kept versions, in order.
    public func keptExecutions() throws(WorkspaceFailure) -> [ExecutionID] {
        try numberedFolders(in: "\(stateDirectory)/kept").map { ExecutionID($0) }
    }

    /// The numbers among the names in a folder, in order. Empty if the folder does not exist.
    public func numberedFolders(in folder: String) throws(WorkspaceFailure) -> [Int64] {
        let descriptor = open(absolute(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, let listing = FolderListing(descriptor: descriptor) else {
            if errno == ENOENT { return [] }
            throw WorkspaceFailure("cannot read the folder '\(folder)'", errno: errno)
        }
        return listing.entries.compactMap { entry in
            guard entry.kind == .folder else { return nil }
            let name = String(decoding: listing.name(of: entry), as: UTF8.self)
            // Other spellings, such as +1, are not ours.
            return Int64(name).flatMap { String($0) == name ? $0 : nil }
        }.sorted()
    }

    /// Moves the path to the execution's kept versions; replaces an older one.
    ///
    /// - Parameter mayBeOutside: whether the path may contain `..`.
    /// - Returns: false if the path does not exist.
    /// - Throws: also if the target is on another file system, because nothing is copied.
    public func setAside(
        _ path: String, madeBy id: ExecutionID, mayBeOutside: Bool = false
    ) throws(WorkspaceFailure) -> Bool {
        if !mayBeOutside { try refuseEscape(path) }
        guard let found = status(path) else { return false }
        let kept = keptPath(path, madeBy: id)
        try makeParents(of: kept)
        // A rename replaces a file, but not a folder.
        if let older = status(kept), older.kind == .folder || found.kind == .folder { try remove(kept) }
        try move(path, to: kept)
        stampKept(id)
        if found.isWritableByOthers { removeWriteAccessOfOthers(absolute(kept)) }
        return true
    }

    /// Executions with kept versions, those first whose outputs were in place last.
    public func byTimeInPlace(_ executions: some Sequence<ExecutionID>) -> [ExecutionID] {
        let moved = executions.map { (id: $0, at: status(keptFolder(of: $0))?.stamp.modifiedNanoseconds ?? 0) }
        return moved.sorted { ($0.at, $0.id) > ($1.at, $1.id) }.map(\.id)
    }

    /// The folder's own modification time says when a version was moved aside. Written with the clock's full
    /// resolution: the kernel's own is so coarse that two versions could get the same.
    private func stampKept(_ id: ExecutionID) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        _ = utimensat(AT_FDCWD, absolute(keptFolder(of: id)), [now, now], 0)
    }

    private func keptFolder(of id: ExecutionID) -> String { "\(stateDirectory)/kept/\(id)" }

    /// The reverse; the path must not exist.
    public func putBack(
        _ path: String, madeBy id: ExecutionID, mayBeOutside: Bool = false
    ) throws(WorkspaceFailure) {
        if !mayBeOutside { try refuseEscape(path) }
        let kept = keptPath(path, madeBy: id)
        guard exists(kept) else {
            throw WorkspaceFailure("cannot restore '\(path)': the version of execution \(id) is no longer kept.")
        }
        guard !exists(path) else {
            throw WorkspaceFailure("cannot restore '\(path)': it already exists. Move it away.")
        }
        try makeParents(of: path)
        try move(kept, to: path)
        removeEmptyFolders(above: kept, downTo: "\(stateDirectory)/kept")
    }

    /// Removes all kept versions of an execution.
    public func dropKept(_ id: ExecutionID) throws(WorkspaceFailure) { try remove(keptFolder(of: id)) }

    private func move(_ source: String, to target: String) throws(WorkspaceFailure) {
        if rename(absolute(source), absolute(target)) == 0 { return }
        var number = errno
        // Moving a folder requires permission to write to it.
        var status = stat()
        if number == EACCES, lstat(absolute(source), &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_mode & S_IWUSR == 0, chmod(absolute(source), status.st_mode | S_IWUSR) == 0
        {
            let isMoved = rename(absolute(source), absolute(target)) == 0
            number = errno
            chmod(absolute(isMoved ? target : source), status.st_mode)
            if isMoved { return }
        }
        let what = "cannot move '\(source)' to '\(target)'"
        guard number == EXDEV else { throw WorkspaceFailure(what, errno: number) }
        throw WorkspaceFailure(
            "\(what): they are on different file systems. "
                + "Put both on the same file system, or move '\(source)' away yourself.")
    }

    private func removeEmptyFolders(above path: String, downTo end: String) {
        var folder = path
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            guard folder.hasPrefix(end + "/"), rmdir(absolute(folder)) == 0 else { return }
        }
    }

    // MARK: - Removing

    /// Removes a file, a link or a whole folder, if it exists. Never follows links.
    ///
    /// - Throws: also for the root itself and paths outside it.
    public func remove(_ path: String) throws(WorkspaceFailure) {
        guard try !leavesFolder(path) else {
            throw WorkspaceFailure("cannot remove '\(path)': it is outside the project.")
        }
        try Removal.remove(absolute(path), shownAs: path)
    }

    /// Whether the path is the root or outside it. Links among its parents are followed, a link at the path itself is
    /// not.
    public func leavesFolder(_ path: String) throws(WorkspaceFailure) -> Bool {
        if isPlain(path) { return false }
        let inside = try top()
        guard let whole = try place(of: path) else { return true }
        return !(whole.count > inside.count && whole.starts(with: inside))
    }

    /// Whether the path is the state folder or inside it. Links among its parents are followed.
    public func entersStateDirectory(_ path: String) throws(WorkspaceFailure) -> Bool {
        if isPlain(path) { return false }
        var state = try top() + [stateDirectory[...]]
        // The state folder may be a link to a larger disk.
        if let real = resolved(absolute(stateDirectory)) { state = real.split(separator: "/") }
        return try place(of: path)?.starts(with: state) ?? false
    }

    /// Whether the path goes down from the root without links and without the state folder, so that it need not be
    /// resolved. This is true for nearly all paths and cheap to check.
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

    /// The resolved root.
    private func top() throws(WorkspaceFailure) -> [Substring] {
        guard let top = resolved(root.isEmpty ? "/" : root) else {
            throw WorkspaceFailure("cannot resolve the folder '\(root)'", errno: errno)
        }
        return top.split(separator: "/")
    }

    /// The absolute path as a list of names, with the links among its parents resolved; nil if it cannot be resolved.
    private func place(of path: String) throws(WorkspaceFailure) -> [Substring]? {
        var rest = try path.hasPrefix("/") ? path.split(separator: "/") : top() + path.split(separator: "/")
        // The last component of a path such as `a/..` is not a name.
        guard let name = rest.popLast(), name != ".." else { return nil }
        var missing: [Substring] = []
        while true {
            let folder = "/" + rest.joined(separator: "/")
            if let real = resolved(folder) {
                return real.split(separator: "/") + missing.reversed() + (name == "." ? [] : [name])
            }
            guard errno == ENOENT || errno == ENOTDIR else {
                throw WorkspaceFailure("cannot stat '\(folder)'", errno: errno)
            }
            // A dangling link or a missing folder before `..` may later lead anywhere.
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
        throw WorkspaceFailure("cannot move '\(path)': it may be outside the project. Write it without '..'.")
    }
}
