// The text of files that a run used and git does not track, added to the patch of the tracked ones. Knows git's form of
// patches; does not know why a file was used.

import Glibc
import Model
import Programs

extension GitCheckout {
    /// The patch with these files added, as far as git does not track them and it stays below 1 MiB.
    ///
    /// - Parameters:
    ///   - paths: relative to a folder of the checkout.
    ///   - diff: the patch so far.
    public func adding(untracked paths: [String], below root: String, to diff: GitDiff?) -> GitDiff? {
        guard !paths.isEmpty, commit != nil, diff?.isCut != true, let tracked = tracked(among: paths, below: root)
        else { return diff }
        var patch: [UInt8] = []
        if let diff {
            guard let packed = diff.gzip, let before = gunzip(packed, sizeBytes: diff.sizeBytes) else { return diff }
            patch = before
        }
        let size = patch.count
        let inside = folder == "/" ? root : String(root.dropFirst(folder.count))
        let prefix = inside.split(separator: "/").map { "\($0)/" }.joined()
        for path in Set(paths).subtracting(tracked).sorted() where patch.count <= Self.mostPatchBytes {
            append(file: "\(root)/\(path)", named: prefix + path, to: &patch)
        }
        guard patch.count > size else { return diff }
        let isCut = patch.count > Self.mostPatchBytes
        if isCut { patch.removeSubrange(Self.mostPatchBytes...) }
        guard let packed = gzip(patch) else { return diff }
        return GitDiff(gzip: packed, sizeBytes: patch.count, isCut: isCut)
    }

    private static var mostPatchBytes: Int { 1 << 20 }

    /// nil if git cannot tell.
    private func tracked(among paths: [String], below root: String) -> Set<String>? {
        guard let git = executable(named: "git") else { return nil }
        var tracked = Set<String>()
        var rest = paths[...]
        while !rest.isEmpty {
            // An argument list is limited.
            let some = rest.prefix(500)
            rest = rest.dropFirst(500)
            let words = [git, "--no-optional-locks", "--literal-pathspecs", "-C", root, "ls-files", "-z", "--"]
            guard let found = output(ofProgram: words + some, withinSeconds: 20), !found.isCut else { return nil }
            for path in found.bytes.split(separator: 0) { tracked.insert(String(decoding: path, as: UTF8.self)) }
        }
        return tracked
    }

    /// As `git diff` shows a new file; nothing where it is no regular file.
    private func append(file path: String, named name: String, to patch: inout [UInt8]) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        var bytes = [UInt8](repeating: 0, count: min(Int(status.st_size), Self.mostPatchBytes + 1))
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else { return }
        bytes.removeSubrange(count...)
        let mode = status.st_mode & S_IXUSR == 0 ? "100644" : "100755"
        let (old, new) = (quoted("a/\(name)"), quoted("b/\(name)"))
        patch += Array("diff --git \(old) \(new)\nnew file mode \(mode)\n".utf8)
        if bytes.isEmpty { return }
        if bytes.contains(0) {
            patch += Array("Binary files /dev/null and \(new) differ\n".utf8)
            return
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let isTerminated = lines.last?.isEmpty ?? true
        let shown = isTerminated ? lines.dropLast() : lines[...]
        patch += Array("--- /dev/null\n+++ \(new)\n@@ -0,0 +1,\(shown.count) @@\n".utf8)
        for line in shown { patch += [UInt8(ascii: "+")] + line + [UInt8(ascii: "\n")] }
        if !isTerminated { patch += Array("\\ No newline at end of file\n".utf8) }
    }

    /// As git quotes unusual paths.
    private func quoted(_ path: String) -> String {
        func isPlain(_ byte: UInt8) -> Bool { byte > 0x1F && byte < 0x7F && byte != 0x22 && byte != 0x5C }
        if path.utf8.allSatisfy(isPlain) { return path }
        let digits = path.utf8.map { byte in
            isPlain(byte) ? String(UnicodeScalar(byte)) : "\\" + String(Int(byte) + 512, radix: 8).dropFirst()
        }
        return "\"\(digits.joined())\""
    }
}

extension GitDiff {
    /// The patch with its text replaced; without a patch if that is impossible.
    public func replacing(_ replace: ([UInt8]) -> [UInt8]) -> GitDiff {
        guard let gzip else { return self }
        let before = gunzip(gzip, sizeBytes: sizeBytes)
        let after = before.map(replace)
        if after == before, before != nil { return self }
        return GitDiff(
            gzip: after.flatMap { Provenance.gzip($0) }, sizeBytes: after?.count ?? sizeBytes, isCut: isCut)
    }
}
