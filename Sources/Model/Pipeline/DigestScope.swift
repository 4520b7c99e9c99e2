// What the digest of a path covers: contents or sizes, whether links are followed, and what is left out. Knows names and
// patterns as text; does not read files.

/// How a path is digested. The scopes of a file all have the same digest.
public struct DigestScope: Hashable, Sendable {
    public var mode: DigestMode
    /// Whether a link in a folder counts as what can be read through it, instead of by the path that it holds.
    public var followsLinks: Bool
    public var exclusions: Exclusions

    /// Without more: as an output is digested.
    public init(_ mode: DigestMode, followsLinks: Bool = false, exclusions: Exclusions = .standard) {
        self.mode = mode
        self.followsLinks = followsLinks
        self.exclusions = exclusions
    }
}

extension DigestScope {
    /// Of what a stage has read without naming it: as if it were an input.
    public init(discovered path: String, _ mode: DigestMode) {
        self = Input(name: path, path: path, mode: mode).scope
    }
}

/// What is left out of a folder, or of the matches of a pattern.
public struct Exclusions: Hashable, Sendable {
    /// Whether files that tools leave beside the user's own are left out, such as `__pycache__`.
    public var leavesOutNoise: Bool
    /// The user's own. One without a slash matches a name at any depth, another one a path relative to the folder.
    public var patterns: [String]

    public init(leavesOutNoise: Bool, patterns: [String] = []) {
        self.leavesOutNoise = leavesOutNoise
        self.patterns = patterns
    }

    /// By default.
    public static let standard = Exclusions(leavesOutNoise: true)
    /// Everything counts.
    public static let none = Exclusions(leavesOutNoise: false)

    /// For a path or pattern of the file: what it names itself is not left out.
    public func applied(to path: String) -> Exclusions {
        guard leavesOutNoise, namesNoise(path) else { return self }
        return Exclusions(leavesOutNoise: false, patterns: patterns)
    }
}

extension Input {
    /// What can be read through the path.
    public var scope: DigestScope {
        DigestScope(mode, followsLinks: true, exclusions: exclusions.applied(to: path))
    }
}

extension Output {
    /// What was made at the path: a link is what the stage made, not what it leads to.
    public var scope: DigestScope { DigestScope(mode, exclusions: Exclusions.standard.applied(to: path)) }
}

/// Whether tools leave files or folders of this name beside the user's own.
public func isNoise(_ name: some BidirectionalCollection<UInt8>) -> Bool {
    switch (name.first, name.last) {
    case (UInt8(ascii: "_"), UInt8(ascii: "_")): name.elementsEqual("__pycache__".utf8)
    case (UInt8(ascii: "."), UInt8(ascii: "t")): name.elementsEqual(".git".utf8)
    case (UInt8(ascii: "."), UInt8(ascii: "e")): name.elementsEqual(".DS_Store".utf8)
    case (UInt8(ascii: "."), UInt8(ascii: "s")): name.elementsEqual(".ipynb_checkpoints".utf8)
    case (_, UInt8(ascii: "c")): name.suffix(4).elementsEqual(".pyc".utf8)
    default: false
    }
}

private func namesNoise(_ path: String) -> Bool {
    func search(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var start = 0
        for index in 0...bytes.count where index == bytes.count || bytes[index] == UInt8(ascii: "/") {
            if isNoise(bytes[start..<index]) { return true }
            start = index + 1
        }
        return false
    }
    return path.utf8.withContiguousStorageIfAvailable(search) ?? Array(path.utf8).withUnsafeBufferPointer(search)
}

/// Exclusions with their patterns parsed.
public struct ExclusionFilter: Sendable {
    private let leavesOutNoise: Bool
    private let names: [GlobPattern]
    private let paths: [GlobPattern]

    public init(_ exclusions: Exclusions) {
        leavesOutNoise = exclusions.leavesOutNoise
        let patterns = exclusions.patterns.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        names = patterns.filter { !$0.contains("/") }.map { GlobPattern($0, matchesHidden: true) }
        paths = patterns.filter { $0.contains("/") }.map { GlobPattern($0, matchesHidden: true) }
    }

    /// Whether the answer for a name depends on its folder.
    public var needsFolders: Bool { !paths.isEmpty }

    /// Whether a name in a folder is left out.
    ///
    /// - Parameter folder: relative; empty for the input's own folder, or if `needsFolders` is false.
    public func omits(_ name: some BidirectionalCollection<UInt8>, in folder: String) -> Bool {
        if leavesOutNoise, isNoise(name) { return true }
        if names.isEmpty, paths.isEmpty { return false }
        let text = String(decoding: name, as: UTF8.self)
        if names.contains(where: { $0.matches(text) }) { return true }
        guard !paths.isEmpty else { return false }
        let path = folder.isEmpty ? text : "\(folder)/\(text)"
        return paths.contains { $0.matches(path) }
    }

    /// Whether a path relative to the input's folder, or a folder that it lies in, is left out.
    public func omits(path: String) -> Bool {
        var folder = ""
        for name in path.split(separator: "/") {
            if omits(name.utf8, in: folder) { return true }
            folder = folder.isEmpty ? String(name) : "\(folder)/\(name)"
        }
        return false
    }
}
