// Lists one folder: the names as bytes, since they need not be UTF-8, and the type of each entry. Knows `getdents`;
// stats an entry only on file systems that do not report its type. Does not descend.

import CLinux
import Glibc
import Model

/// What is listed of a folder.
struct ListingRule: Sendable {
    /// A name that is never listed, at any depth: the state folder's.
    var hiddenName: [UInt8] = []
    /// nil: nothing is left out.
    var filter: ExclusionFilter?
    /// Whether a link counts as what it leads to.
    var followsLinks = false
}

struct FolderListing: Sendable {
    struct Entry {
        /// The start of the name in `names`; a zero byte ends it.
        let nameStart: Int
        let nameCount: UInt16
        let kind: FileStatus.Kind
        /// Whether it is a link, and `kind` what it leads to.
        let isFollowed: Bool
    }

    private(set) var names: [UInt8] = []
    /// In the byte order of paths: a folder sorts as its name followed by a slash.
    private(set) var entries: [Entry] = []
    /// Whether names were left out, besides those that are never listed.
    private(set) var hasOmissions = false

    /// - Parameters:
    ///   - descriptor: an open folder that was not listed yet; stays open.
    ///   - rule: which names to omit, and whether links count as what they lead to.
    ///   - folder: the relative path for the rule; empty for the top.
    /// - Returns: nil with errno on error.
    init?(descriptor: Int32, by rule: ListingRule = ListingRule(), in folder: String = "") {
        let isRead = withUnsafeTemporaryAllocation(byteCount: 32 << 10, alignment: MemoryLayout<dirent>.alignment) {
            buffer in
            while true {
                let count = clinux_list_folder(descriptor, buffer.baseAddress, buffer.count)
                if count == 0 { return true }
                guard count > 0 else { return false }
                let records = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                guard append(records, of: descriptor, by: rule, in: folder) else { return false }
            }
        }
        guard isRead else { return nil }
        sort()
    }

    func name(of entry: Entry) -> ArraySlice<UInt8> {
        names[entry.nameStart..<entry.nameStart + Int(entry.nameCount)]
    }

    /// False with errno on error.
    private mutating func append(
        _ records: UnsafeRawBufferPointer, of descriptor: Int32, by rule: ListingRule, in folder: String
    ) -> Bool {
        var start = 0
        while start < records.count {
            let record = UnsafeRawBufferPointer(rebasing: records[start...])
            start += Int(record.loadUnaligned(fromByteOffset: Self.lengthOffset, as: UInt16.self))
            let field = UnsafeRawBufferPointer(rebasing: record[Self.nameOffset...])
            let name = UnsafeRawBufferPointer(rebasing: field[..<(field.firstIndex(of: 0) ?? field.count)])
            if name.first == UInt8(ascii: "."), name.count == 1 || name.count == 2 && name[1] == UInt8(ascii: ".") {
                continue
            }
            if name.elementsEqual(rule.hiddenName) { continue }
            if let filter = rule.filter, filter.omits(name, in: folder) {
                hasOmissions = true
                continue
            }
            let nameStart = names.count
            names.append(contentsOf: name)
            names.append(0)
            guard let kind = kind(record[Self.kindOffset], of: nameStart, in: descriptor) else {
                // It was deleted in the meantime: as if it had never existed.
                if errno == ENOENT { continue }
                return false
            }
            let target = kind == .link && rule.followsLinks ? target(ofLink: nameStart, in: descriptor) : nil
            entries.append(
                Entry(
                    nameStart: nameStart, nameCount: UInt16(name.count), kind: target ?? kind,
                    isFollowed: target != nil))
        }
        return true
    }

    private func kind(_ type: UInt8, of nameStart: Int, in folder: Int32) -> FileStatus.Kind? {
        switch Int(type) {
        case DT_REG: .file
        case DT_DIR: .folder
        case DT_LNK: .link
        case DT_UNKNOWN: withName(at: nameStart) { FileStatus.of($0, in: folder)?.kind }
        default: .other
        }
    }

    /// Whether a link leads to a file or a folder that can be read; nil if it does not. Such a link is all there is.
    private func target(ofLink nameStart: Int, in folder: Int32) -> FileStatus.Kind? {
        withName(at: nameStart) { name in
            guard let kind = FileStatus.of(name, in: folder, followsLink: true)?.kind else { return nil }
            switch kind {
            case .file: return faccessat(folder, name, R_OK, AT_EACCESS) == 0 ? kind : nil
            case .folder: return faccessat(folder, name, R_OK | X_OK, AT_EACCESS) == 0 ? kind : nil
            case .link, .other: return nil
            }
        }
    }

    /// - Parameter start: the start of the name in `names`.
    func withName<T>(at start: Int, _ body: (UnsafePointer<CChar>) -> T) -> T {
        names.withUnsafeBytes { names in
            // Not empty: a zero byte follows each name.
            body(names.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self) + start)
        }
    }

    private static let lengthOffset = MemoryLayout<dirent>.offset(of: \.d_reclen) ?? 16
    private static let kindOffset = MemoryLayout<dirent>.offset(of: \.d_type) ?? 18
    private static let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
}

extension FolderListing {
    /// The first eight bytes of a name as a number: enough for most comparisons.
    private struct Sorted {
        let prefix: UInt64
        let entry: Entry
    }

    private mutating func sort() {
        names.withUnsafeBufferPointer { names in
            var sorted = entries.map { Sorted(prefix: Self.prefix(of: $0, names), entry: $0) }
            sorted.sort { left, right in
                if left.prefix != right.prefix { return left.prefix < right.prefix }
                let (left, right) = (left.entry, right.entry)
                let common = Int(min(left.nameCount, right.nameCount))
                guard let base = names.baseAddress else { return false }
                let order = memcmp(base + left.nameStart, base + right.nameStart, common)
                if order != 0 { return order < 0 }
                return Self.byte(of: left, at: common, names) < Self.byte(of: right, at: common, names)
            }
            entries = sorted.map(\.entry)
        }
    }

    private static func prefix(of entry: Entry, _ names: UnsafeBufferPointer<UInt8>) -> UInt64 {
        (0..<8).reduce(0) { $0 << 8 | UInt64(byte(of: entry, at: $1, names)) }
    }

    /// A file's name is padded with zeros, a folder's with a slash and zeros.
    private static func byte(of entry: Entry, at index: Int, _ names: UnsafeBufferPointer<UInt8>) -> UInt8 {
        if index < entry.nameCount { return names[entry.nameStart + index] }
        return index == entry.nameCount && entry.kind == .folder ? UInt8(ascii: "/") : 0
    }
}
