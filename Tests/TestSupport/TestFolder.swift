// Files of a test. Knows the file system; does not know what is tested.

import Foundation
import Glibc

/// A folder that a test may fill and read. Paths are relative to it, or absolute.
public protocol TestFolder: AnyObject, Sendable {
    /// Absolute, without symbolic links.
    var folder: String { get }
}

extension TestFolder {
    /// The absolute path of a path relative to the folder.
    public func path(_ relative: String) -> String { relative.hasPrefix("/") ? relative : "\(folder)/\(relative)" }

    /// Writes the file in place, and the folders above it.
    public func write(_ relative: String, _ text: String, executable: Bool = false) throws {
        try write(relative, bytes: Array(text.utf8))
        if executable { chmod(path(relative), 0o755) }
    }

    /// Writes the file in place, and the folders above it.
    public func write(_ relative: String, bytes: [UInt8]) throws {
        let path = path(relative)
        try makeParents(of: relative)
        guard let file = fopen(path, "we") else { throw HarnessError.system("cannot write \(path)") }
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else { throw HarnessError.system("cannot write \(path)") }
    }

    /// The file's text; nil if it cannot be read.
    public func read(_ relative: String) -> String? {
        FileManager.default.contents(atPath: path(relative)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The file's bytes.
    public func bytes(of relative: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path(relative)) else {
            throw HarnessError("cannot read \(path(relative))")
        }
        return Array(data)
    }

    /// Whether something is at the path, if only a link that leads nowhere.
    public func exists(_ relative: String) -> Bool {
        var information = stat()
        return lstat(path(relative), &information) == 0
    }

    /// Deletes a file or a whole folder, if it exists.
    public func remove(_ relative: String) throws {
        guard exists(relative) else { return }
        try FileManager.default.removeItem(atPath: path(relative))
    }

    /// Makes an empty folder, and those above it.
    public func makeFolder(_ relative: String) throws { try makeParents(of: relative + "/x") }

    /// Makes a symbolic link, and the folders above it.
    public func link(_ relative: String, to target: String) throws {
        try makeParents(of: relative)
        guard symlink(target, path(relative)) == 0 else { throw HarnessError.system("cannot link \(path(relative))") }
    }

    /// The names in a folder, sorted; none if it cannot be read.
    public func names(in relative: String = ".") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(relative))) ?? []).sorted()
    }

    /// Every file below `relative`, by its path relative to this folder, with its text.
    public func files(below relative: String) -> [String: String] {
        var found: [String: String] = [:]
        var pending = [relative]
        while let next = pending.popLast() {
            for name in names(in: next) {
                let entry = "\(next)/\(name)"
                if let text = read(entry), !isFolder(entry) { found[entry] = text } else { pending.append(entry) }
            }
        }
        return found
    }

    /// Runs a shell command in the folder; throws when it fails.
    public func shell(_ command: String) throws {
        guard system("cd '\(folder)' && { \(command)\n}") == 0 else {
            throw HarnessError("`\(command)` failed in \(folder)")
        }
    }

    private func isFolder(_ relative: String) -> Bool {
        var information = stat()
        return stat(path(relative), &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    private func makeParents(of relative: String) throws {
        let path = path(relative)
        try FileManager.default.createDirectory(
            atPath: String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), withIntermediateDirectories: true)
    }
}
