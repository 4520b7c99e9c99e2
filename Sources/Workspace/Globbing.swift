// Finds the files that match a pattern. Knows folders; does not read files.

import Glibc
import Model

extension Workspace {
    /// Matching files and links to files, in byte order. Never matches folders or anything in the state folder. Links
    /// to folders are followed if `LinkTrail` allows it; below `**` each folder once, so that there is an end.
    ///
    /// - Parameter exclusions: what is left out, relative to the folder before the first wildcard.
    /// - Throws: if a folder cannot be read or a possible match is not UTF-8.
    public func matches(
        of pattern: String, exclusions: Exclusions = .standard
    ) throws(WorkspaceFailure) -> [String] {
        let glob = GlobPattern(pattern)
        let prefix = glob.literalPrefix
        guard !prefix.split(separator: "/").contains(where: { $0.utf8.elementsEqual(hiddenName) }) else { return [] }
        let isDeep = pattern.split(separator: "/").contains("**")
        let rule = rule(for: DigestScope(.content, followsLinks: true, exclusions: exclusions.applied(to: pattern)))
        var (trail, top) = (trail, OpenFolder?.none)
        var found: [String] = []
        var folders = [(path: prefix, isLink: false)]
        while let (folder, isLink) = folders.popLast() {
            let shown = folder.isEmpty ? "." : folder
            guard let open = try open(folder: absolute(shown), shownAs: shown) else { continue }
            if let identity = FileStatus.of(descriptor: open.descriptor)?.stamp.identity {
                if isLink, let top, !trail.mayFollow(to: identity, from: top.descriptor, isRepeatable: !isDeep) {
                    continue
                }
                trail.list(identity)
            }
            top = top ?? open
            let inside = rule.filter?.needsFolders == true ? relative(folder, to: prefix) : ""
            guard let listing = FolderListing(descriptor: open.descriptor, by: rule, in: inside) else {
                throw WorkspaceFailure("cannot read the folder '\(shown)'", errno: errno)
            }
            let before = folder.isEmpty || folder.hasSuffix("/") ? folder : folder + "/"
            var inner: [(path: String, isLink: Bool)] = []
            for entry in listing.entries {
                let bytes = listing.name(of: entry)
                let path = before + String(decoding: bytes, as: UTF8.self)
                var kind = entry.kind
                guard glob.matches(path) || kind == .folder && glob.mayMatch(inside: path) else { continue }
                guard String(validating: bytes, as: UTF8.self) != nil else {
                    throw WorkspaceFailure(
                        "the name of '\(path)', which may match '\(pattern)', is not valid UTF-8. Rename it.")
                }
                // A link that leads nowhere, or to what cannot be read, which is reported when it is read.
                if kind == .link { kind = try targetKind(of: path) }
                if kind == .folder, glob.mayMatch(inside: path) { inner.append((path, entry.isFollowed)) }
                if kind == .file, glob.matches(path) { found.append(path) }
            }
            folders += inner.reversed()
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// What a link leads to; `other` if that is nothing, or the link itself.
    private func targetKind(of path: String) throws(WorkspaceFailure) -> FileStatus.Kind {
        if let status = FileStatus.of(absolute(path), in: AT_FDCWD, followsLink: true) { return status.kind }
        guard [ENOENT, ENOTDIR, ELOOP].contains(errno) else {
            throw WorkspaceFailure("cannot stat '\(path)'", errno: errno)
        }
        return .other
    }

    /// nil if the folder does not exist.
    private func open(folder full: String, shownAs shown: String) throws(WorkspaceFailure) -> OpenFolder? {
        let descriptor = Glibc.open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 { return OpenFolder(descriptor) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw WorkspaceFailure("cannot read the folder '\(shown)'", errno: errno)
    }

    /// The path of a folder from another one that contains it; empty if it is the same.
    private func relative(_ folder: String, to outer: String) -> String {
        String(folder.dropFirst(outer.count).drop { $0 == "/" })
    }
}
