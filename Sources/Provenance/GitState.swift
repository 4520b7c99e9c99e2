// Reads which code a run uses: commit and branch from git's files, uncommitted changes by the program git. Knows git;
// does not know runs.

import Glibc
import Model
import Programs

extension GitCheckout {
    /// The checkout that contains a folder; nil if there is none. Supports worktrees and submodules, whose `.git` is a
    /// file.
    public init?(around folder: String) {
        var place = folder
        while true {
            if let repository = Self.repository(at: "\(place)/.git") {
                self = Self.read(folder: place.isEmpty ? "/" : place, repository)
                return
            }
            guard let slash = place.lastIndex(of: "/") else { return nil }
            place = String(place[..<slash])
        }
    }

    private static func repository(at path: String) -> String? {
        if access("\(path)/HEAD", R_OK) == 0 { return path }
        guard let text = firstLine(path), text.hasPrefix("gitdir: ") else { return nil }
        let target = String(text.dropFirst(8))
        let folder = target.hasPrefix("/") ? target : path.dropLast(".git".utf8.count) + target
        return access("\(folder)/HEAD", R_OK) == 0 ? String(folder) : nil
    }

    private static func read(folder: String, _ repository: String) -> GitCheckout {
        let head = firstLine("\(repository)/HEAD") ?? ""
        guard head.hasPrefix("ref: ") else { return GitCheckout(folder: folder, commit: head, branch: nil) }
        let name = String(head.dropFirst(5))
        // A worktree shares the references of its repository.
        let shared =
            firstLine("\(repository)/commondir").map { $0.hasPrefix("/") ? $0 : "\(repository)/\($0)" } ?? repository
        let commit =
            firstLine("\(repository)/\(name)") ?? firstLine("\(shared)/\(name)")
            ?? readText("\(shared)/packed-refs")?.split(separator: "\n").first { $0.hasSuffix(" \(name)") }
            .map { String($0.prefix { $0 != " " }) }
        let branch = name.hasPrefix("refs/heads/") ? String(name.dropFirst(11)) : name
        return GitCheckout(folder: folder, commit: commit, branch: branch)
    }

    /// The uncommitted changes; nil if git cannot be run or takes longer than 20 s. Ignores untracked files, because
    /// outputs are among them.
    ///
    /// - Parameter keepsPatch: whether to return the patch, at most 1 MiB of it.
    public func difference(keepsPatch: Bool) -> (isDirty: Bool, diff: GitDiff?)? {
        guard let git = executable(named: "git"), commit != nil else { return nil }
        let words = [
            git, "--no-optional-locks", "-C", folder, "diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color",
        ]
        let wanted = keepsPatch ? words : words + ["--name-only"]
        guard let found = output(ofProgram: wanted, withinSeconds: 20, mostBytes: 1 << 20) else { return nil }
        guard !found.bytes.isEmpty else { return (false, nil) }
        guard keepsPatch, let packed = gzip(found.bytes) else { return (true, nil) }
        return (true, GitDiff(gzip: packed, sizeBytes: found.bytes.count, isCut: found.isCut))
    }
}

/// Without its line break; nil if the file cannot be read.
private func firstLine(_ path: String) -> String? {
    readText(path).map { String($0.prefix { $0 != "\n" && $0 != "\r\n" }) }
}
