// Which files a pattern means today.

import Glibc
import Model

extension Workspace {
    /// Files, and links to files, that match, sorted bytewise. Folders are not matched, the program's own folder never.
    public func matches(of pattern: String) throws(WorkspaceFailure) -> [String] {
        let glob = GlobPattern(pattern)
        let prefix = glob.literalPrefix
        let start = absolute(prefix.isEmpty ? (pattern.hasPrefix("/") ? "/" : ".") : prefix)
        guard let status = try FileStatus.of(start, shownAs: prefix.isEmpty ? "." : prefix), status.kind == .directory else {
            return []
        }
        var found: [String] = []
        for item in try walk(start, shownAs: prefix.isEmpty ? "." : prefix).items() {
            let name = String(decoding: item.path, as: UTF8.self)
            let path = prefix.isEmpty ? (pattern.hasPrefix("/") ? "/" + name : name) : prefix + "/" + name
            guard glob.matches(path) else { continue }
            switch item.status.kind {
            case .file: found.append(path)
            case .link:
                if let target = try FileStatus.of(absolute(path), shownAs: path), target.kind == .file { found.append(path) }
            case .directory, .other: continue
            }
        }
        return found
    }
}
