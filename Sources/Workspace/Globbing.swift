// Finds the files that match a pattern. Knows folders; does not read files.

import Glibc
import Model

extension Workspace {
    /// Matching files and links to files, in byte order. Never matches folders or anything in the state folder. A
    /// pattern without `**` follows links to folders, as in a shell.
    ///
    /// - Throws: if a folder cannot be read or a possible match is not UTF-8.
    public func matches(of pattern: String) throws(WorkspaceFailure) -> [String] {
        let glob = GlobPattern(pattern)
        let prefix = glob.literalPrefix
        guard !prefix.split(separator: "/").contains(where: { $0.utf8.elementsEqual(excludedName) }) else { return [] }
        let followsLinks = !pattern.split(separator: "/").contains("**")
        var found: [String] = []
        var folders = [prefix]
        while let folder = folders.popLast() {
            let shown = folder.isEmpty ? "." : folder
            guard let listing = try list(folder: absolute(shown), shownAs: shown) else { continue }
            let before = folder.isEmpty || folder.hasSuffix("/") ? folder : folder + "/"
            for entry in listing.entries {
                let bytes = listing.name(of: entry)
                let path = before + String(decoding: bytes, as: UTF8.self)
                var kind = entry.kind
                let leads = kind == .folder || kind == .link && followsLinks
                guard glob.matches(path) || leads && glob.mayMatch(inside: path) else { continue }
                guard String(validating: bytes, as: UTF8.self) != nil else {
                    throw WorkspaceFailure(
                        "the name of '\(path)', which may match '\(pattern)', is not valid UTF-8. Rename it.")
                }
                if kind == .link { kind = try FileStatus.of(absolute(path), shownAs: path)?.kind ?? .other }
                if kind == .folder, leads, glob.mayMatch(inside: path) { folders.append(path) }
                if kind == .file, glob.matches(path) { found.append(path) }
            }
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// nil if the folder does not exist.
    private func list(folder full: String, shownAs shown: String) throws(WorkspaceFailure) -> FolderListing? {
        let descriptor = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        if descriptor >= 0, let listing = FolderListing(descriptor: descriptor, excluding: excludedName) {
            return listing
        }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw WorkspaceFailure("cannot read the folder '\(shown)'", errno: errno)
    }
}
