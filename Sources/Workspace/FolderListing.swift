// What lies directly in one folder: names as bytes, since they need not be UTF-8, and what stat says of each.

import Glibc
import Model

struct FolderListing {
    struct Entry {
        /// Where the name begins in `names`; a zero byte ends it.
        let nameStart: Int
        let nameCount: Int
        let status: FileStatus
    }

    private(set) var names: [UInt8] = []
    /// In the order of the bytes of their paths: a folder stands where its name with a slash at the end would.
    private(set) var entries: [Entry] = []

    /// - Parameters:
    ///   - descriptor: the open folder; stays open, and where it is.
    ///   - excluded: a name that is left out.
    /// - Returns: nil with errno set where it cannot be listed.
    init?(descriptor: Int32, excluding excluded: [UInt8] = []) {
        let own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0 else { return nil }
        guard let folder = fdopendir(own) else {
            close(own)
            return nil
        }
        defer { closedir(folder) }
        let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        while true {
            errno = 0
            guard let entry = readdir(folder) else { break }
            let name = (UnsafeRawPointer(entry) + nameOffset).assumingMemoryBound(to: CChar.self)
            let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
            guard !bytes.elementsEqual(".".utf8), !bytes.elementsEqual("..".utf8), !bytes.elementsEqual(excluded) else {
                continue
            }
            guard let status = FileStatus.of(name, in: own) else {
                // It vanished between listing and looking: as if it had never been there.
                if errno == ENOENT { continue }
                return nil
            }
            entries.append(Entry(nameStart: names.count, nameCount: bytes.count, status: status))
            names.append(contentsOf: bytes)
            names.append(0)
        }
        guard errno == 0 else { return nil }
        sort()
    }

    func name(of entry: Entry) -> ArraySlice<UInt8> { names[entry.nameStart..<entry.nameStart + entry.nameCount] }

    private mutating func sort() {
        names.withUnsafeBufferPointer { names in
            entries.sort { left, right in
                let common = min(left.nameCount, right.nameCount)
                guard let base = names.baseAddress else { return false }
                let order = memcmp(base + left.nameStart, base + right.nameStart, common)
                if order != 0 { return order < 0 }
                return Self.byte(of: left, at: common, names) < Self.byte(of: right, at: common, names)
            }
        }
    }

    private static func byte(of entry: Entry, at index: Int, _ names: UnsafeBufferPointer<UInt8>) -> UInt8 {
        if index < entry.nameCount { return names[entry.nameStart + index] }
        return entry.status.kind == .folder ? UInt8(ascii: "/") : 0
    }
}
