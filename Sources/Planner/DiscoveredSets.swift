// Whether files that were read without being named are still what they were. Looks at each set once; for one round of
// evaluation, during which nothing changes. Does not know which executions have which set.

import Model

/// What became of the files of a set.
public enum SetCondition: Sendable {
    /// All are as they were read.
    case holds
    /// As far as is known; these stages, which come before, may still change some.
    case undecided(producers: [String])
    /// At least one reason.
    case differs([Reason])
}

/// The sets of one round of evaluation.
public final class DiscoveredSets {
    private struct Known {
        let members: [RecordedPath]
        /// With what makes them: nearly always none.
        let made: [(member: Int, maker: StageIndex)]
        /// How members differ from what was read.
        let differences: [(member: Int, reason: Reason)]
    }

    private let graph: Graph
    private let makers: MakerIndex
    private let files: any FileFacts
    private let members: (DiscoveredSetID) throws(Failure) -> [RecordedPath]
    private var known: [DiscoveredSetID: Known] = [:]

    public init(
        graph: Graph, makers: MakerIndex, files: any FileFacts,
        members: @escaping (DiscoveredSetID) throws(Failure) -> [RecordedPath]
    ) {
        self.graph = graph
        self.makers = makers
        self.files = files
        self.members = members
    }

    /// What a set means to a stage, given the verdicts on the stages before it.
    public func condition(
        of set: DiscoveredSetID, for stage: StageIndex, _ decisions: [Decision]
    ) throws(Failure) -> SetCondition {
        let known = try look(at: set)
        var undecided = Set<Int>()
        var producers: [String] = []
        var reasons: [Reason] = []
        for (member, maker) in known.made where maker != stage {
            guard makers.comes(maker, before: stage) else {
                let name = graph.stages[maker].name
                reasons.append(Reason(.inputUnordered, subject: known.members[member].path, new: name))
                continue
            }
            if decisions[maker].verdict.leavesFilesUndecided {
                undecided.insert(member)
                producers.append(graph.stages[maker].name)
            }
        }
        for (member, reason) in known.differences where !undecided.contains(member) { reasons.append(reason) }
        if !reasons.isEmpty { return .differs(reasons) }
        return producers.isEmpty ? .holds : .undecided(producers: uniqued(producers))
    }

    private func look(at set: DiscoveredSetID) throws(Failure) -> Known {
        if let found = known[set] { return found }
        let members = try self.members(set)
        var made: [(Int, StageIndex)] = []
        var differences: [(Int, Reason)] = []
        for (place, member) in members.enumerated() {
            made += makers.makers(of: member).map { (place, $0) }
            if let reason = difference(of: member) { differences.append((place, reason)) }
        }
        let found = Known(members: members, made: made, differences: differences)
        known[set] = found
        return found
    }

    private func difference(of member: RecordedPath) -> Reason? {
        let old = member.fingerprint
        // What changed before it could be read is known by its size and time.
        let mode: DigestMode = old.kind == .metadata ? .metadata : .content
        let scope = DigestScope(discovered: member.path, mode)
        guard let now = (try? files.fingerprint(of: member.path, scope: scope)) ?? nil else {
            return Reason(.inputRemoved, subject: member.path, old: old.digest.hex)
        }
        if now == old { return nil }
        return Reason(.inputChanged, subject: member.path, old: old.digest.hex, new: now.digest.hex)
    }
}

extension Verdict {
    fileprivate var leavesFilesUndecided: Bool { self == .run || self == .mayRun || self == .restored }
}
