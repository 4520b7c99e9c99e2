// What keeps a run from beginning, folded so that twenty stages of one template with the same problem are one line.
// Knows words; finds nothing itself.

import Model

/// Everything found that keeps a run from beginning.
public struct Obstacles {
    /// What of a stage has a problem; of several stages of one template, the same thing.
    enum Subject: Hashable {
        /// By its place among the stage's inputs or outputs.
        case missingInput(Int), foreignOutput(Int)
        case resource(String)
        case length, shell, strayOutput

        /// Whether another machine, or other totals, may be able to run the stage.
        var isOfThisMachine: Bool {
            switch self {
            case .resource, .shell: true
            default: false
            }
        }
    }

    private struct Group: Hashable {
        let template: String
        let subject: Subject
    }

    private var order: [Group] = []
    private var members: [Group: [(stage: String, phrase: String)]] = [:]

    /// - Parameter phrase: what is wrong and what to do, without a period.
    mutating func add(_ stage: Stage, _ subject: Subject, _ phrase: String) {
        let group = Group(template: stage.template, subject: subject)
        if members[group] == nil { order.append(group) }
        members[group, default: []].append((stage.name, phrase))
    }

    /// One for each template and subject, in the order in which they were met first. Every stage is counted, and named
    /// where its problem differs from that of the first.
    public var sentences: [String] { order.flatMap(sentences) }

    /// The sentences about what is wrong on every machine.
    public var errors: [String] { order.filter { !$0.subject.isOfThisMachine }.flatMap(sentences) }

    /// What this machine cannot run: one sentence for each template, whatever it lacks.
    public var impossibleHere: [String] {
        let groups = order.filter(\.subject.isOfThisMachine)
        var templates: [String] = []
        for group in groups where !templates.contains(group.template) { templates.append(group.template) }
        return templates.map { template in
            let found = groups.filter { $0.template == template }.flatMap { members[$0] ?? [] }
            var stages: [String] = []
            for member in found where !stages.contains(member.stage) { stages.append(member.stage) }
            let example = stages.first ?? ""
            let phrases = found.filter { $0.stage == example }.map(\.phrase).joined(separator: "; ")
            guard stages.count > 1 else { return "stage '\(example)' cannot run on this machine: \(phrases)" }
            let isSame = groups.filter { $0.template == template }.allSatisfy { group in
                members[group]?.count == stages.count && Set(members[group]?.map(\.phrase) ?? []).count == 1
            }
            return
                "\(stages.count) stages of '\(template)'\(isSame ? "" : ", such as '\(example)',") cannot run on this "
                + "machine: \(phrases)"
        }
    }

    private func sentences(of group: Group) -> [String] {
        guard let found = members[group], let first = found.first else { return [] }
        guard Set(found.map(\.stage)).count == found.count, found.count > 1 else {
            return found.map { "stage '\($0.stage)': \($0.phrase)" }
        }
        let count = "\(found.count) stages of '\(group.template)'"
        if found.allSatisfy({ $0.phrase == first.phrase }) { return ["\(count): \(first.phrase)"] }
        let others = found.dropFirst().prefix(Self.mostNames).map { "'\($0.stage)'" }.joined(separator: ", ")
        let rest = found.count - 1 - Self.mostNames
        return [
            "\(count), such as '\(first.stage)': \(first.phrase) (the same for \(others)"
                + "\(rest > 0 ? " and \(rest) more" : ""))"
        ]
    }

    private static let mostNames = 10
}
