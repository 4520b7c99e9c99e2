// A directory as a sorted manifest of what it holds. Walks, stats, and reads only files whose stamp is new.

import Glibc
import Model

/// What a directory held when it was last walked: by relative path, as bytes since names need not be UTF-8.
struct TreeCache: Sendable {
    struct Entry: Sendable {
        let stamp: FileStamp
        let digest: Digest
    }
    var entries: [[UInt8]: Entry] = [:]
}

struct DirectoryWalk {
    /// One thing in the directory.
    struct Item {
        let path: [UInt8]
        let status: FileStatus
        /// Of a link.
        let target: [UInt8]
    }

    let root: String
    let shownAs: String
    /// The folder that is never looked into: the program's own.
    let stateFolderName: String

    /// Everything below, sorted bytewise by relative path.
    func items() throws(WorkspaceFailure) -> [Item] {
        var result: [Item] = []
        try walk(openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), prefix: [], into: &result)
        result.sort { $0.path.lexicographicallyPrecedes($1.path) }
        return result
    }

    private func walk(_ descriptor: Int32, prefix: [UInt8], into result: inout [Item]) throws(WorkspaceFailure) {
        guard descriptor >= 0 else { throw WorkspaceFailure("the folder '\(shown(prefix))' cannot be read", errno: errno) }
        guard let folder = fdopendir(descriptor) else {
            close(descriptor)
            throw WorkspaceFailure("the folder '\(shown(prefix))' cannot be read", errno: errno)
        }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            let terminated = name.map { CChar(bitPattern: $0) } + [0]
            if name == [46] || name == [46, 46] || name.elementsEqual(stateFolderName.utf8) { continue }
            let path = prefix.isEmpty ? name : prefix + [47] + name
            var raw = stat()
            // It vanished between listing and looking: as if it had never been there.
            guard fstatat(descriptor, terminated, &raw, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            let status = FileStatus(raw)
            switch status.kind {
            case .file: result.append(Item(path: path, status: status, target: []))
            case .link: result.append(Item(path: path, status: status, target: target(of: terminated, in: descriptor)))
            case .directory:
                result.append(Item(path: path, status: status, target: []))
                let inner = openat(descriptor, terminated, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
                if inner < 0, errno == ENOENT { continue }
                try walk(inner, prefix: path, into: &result)
            case .other:
                throw WorkspaceFailure(
                    "'\(shown(path))' is neither file, folder nor link and cannot be digested. Remove it from the folder.")
            }
        }
    }

    private func target(of name: [CChar], in folder: Int32) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlinkat(folder, name, &buffer, buffer.count)
        return length > 0 ? buffer[..<length].map { UInt8(bitPattern: $0) } : []
    }

    func shown(_ path: [UInt8]) -> String {
        path.isEmpty ? shownAs : "\(shownAs)/\(String(decoding: path, as: UTF8.self))"
    }
}

/// The canonical text of a directory, fed to SHA-256 entry by entry.
struct Manifest {
    private var digester = Digester()
    private var buffer: [UInt8] = [1]

    mutating func add(path: [UInt8], type: UInt8, isExecutable: Bool, content: [UInt8]) {
        buffer.append(type)
        buffer.append(isExecutable ? 1 : 0)
        append(path)
        append(content)
        if buffer.count > 1 << 16 { flush() }
    }

    mutating func finish() -> Digest {
        flush()
        return digester.finish()
    }

    private mutating func append(_ bytes: [UInt8]) {
        withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { buffer.append(contentsOf: $0) }
        buffer.append(contentsOf: bytes)
    }

    private mutating func flush() {
        digester.update(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}

extension TreeCache {
    private static let version: UInt8 = 1

    /// The entries as bytes, for the store.
    var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.reserveCapacity(entries.count * 96)
        func append(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
        for (path, entry) in entries {
            append(UInt64(path.count))
            bytes.append(contentsOf: path)
            append(entry.stamp.device)
            append(entry.stamp.inode)
            append(UInt64(bitPattern: entry.stamp.sizeBytes))
            append(UInt64(bitPattern: entry.stamp.modifiedNanoseconds))
            append(UInt64(bitPattern: entry.stamp.changedNanoseconds))
            bytes.append(contentsOf: entry.digest.bytes)
        }
        return bytes
    }

    /// nil for bytes that are no encoding: the directory is then read anew.
    init?(encoded bytes: [UInt8]) {
        guard bytes.first == Self.version else { return nil }
        var offset = 1
        func number() -> UInt64? {
            guard bytes.count - offset >= 8 else { return nil }
            defer { offset += 8 }
            return (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
        }
        func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count >= 0, bytes.count - offset >= count else { return nil }
            defer { offset += count }
            return bytes[offset..<offset + count]
        }
        while offset < bytes.count {
            guard let length = number(), length <= UInt64(bytes.count), let path = take(Int(length)), let device = number(),
                let inode = number(), let size = number(), let modified = number(), let changed = number(),
                let raw = take(32), let digest = Digest(bytes: raw)
            else { return nil }
            let stamp = FileStamp(
                device: device, inode: inode, sizeBytes: Int64(bitPattern: size),
                modifiedNanoseconds: Int64(bitPattern: modified), changedNanoseconds: Int64(bitPattern: changed))
            entries[Array(path)] = Entry(stamp: stamp, digest: digest)
        }
    }
}
