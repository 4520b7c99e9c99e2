// What a run is going to make and what it relies on, so that a run which began later keeps out of its way. Knows paths
// and the form in which a run publishes them in its lock file; does not read or write files.

import Model

/// What a run does to a path.
enum PathClaim: UInt8, Sendable {
    /// It may be created, restored or moved away at any time.
    case changing = 0x2B  // +
    /// It is as the run needs it, and has to stay so until the run ends.
    case pinned = 0x3D  // =
    /// The run does not need it any longer.
    case released = 0x2D  // -
}

/// The claims of one run, as far as it has published them.
struct PathClaims: Sendable {
    private var claims: [String: PathClaim] = [:]
    /// By folder: the claimed paths somewhere below it.
    private var below: [String: [String]] = [:]
    /// The beginning of a record whose end was not there yet.
    private var rest: [UInt8] = []

    /// Records, each the claim's mark, the path and a zero byte: paths hold anything else.
    static func encode(_ claim: PathClaim, _ path: String, onto bytes: inout [UInt8]) {
        bytes.append(claim.rawValue)
        bytes.append(contentsOf: path.utf8)
        bytes.append(0)
    }

    /// Takes in what was read next, which may end within a record.
    ///
    /// - Returns: the paths that are no longer `changing`, with their new claims.
    mutating func take(_ bytes: some Sequence<UInt8>) -> [String: PathClaim] {
        var news: [String: PathClaim] = [:]
        rest.append(contentsOf: bytes)
        var records = rest.split(separator: 0, omittingEmptySubsequences: false)
        rest = records.popLast().map { Array($0) } ?? []
        for record in records {
            guard let claim = record.first.flatMap({ PathClaim(rawValue: $0) }) else { continue }
            let path = String(decoding: record.dropFirst(), as: UTF8.self)
            if claims.updateValue(claim, forKey: path) == nil {
                for folder in folders(of: path) { below[folder, default: []].append(path) }
            }
            if claim != .changing { news[path] = claim }
        }
        return news
    }

    /// A claimed path that is this one, lies in it or holds it.
    func overlapping(_ path: String, where isMeant: (PathClaim) -> Bool) -> String? {
        func isHeld(_ candidate: String) -> Bool { claims[candidate].map { $0 != .released && isMeant($0) } ?? false }
        if isHeld(path) { return path }
        return folders(of: path).first(where: isHeld) ?? below[path]?.first(where: isHeld)
    }

    /// A path that may be changed and that the test accepts.
    func changing(where isMeant: (String) -> Bool) -> String? {
        claims.first { $0.value == .changing && isMeant($0.key) }?.key
    }

    private func folders(of path: String) -> [String] {
        path.indices.filter { path[$0] == "/" && $0 != path.startIndex }.map { String(path[..<$0]) }
    }
}
