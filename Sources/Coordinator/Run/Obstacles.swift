// What keeps a run from beginning, folded so that twenty stages of one template with the same problem are one line.
// Knows words; finds nothing itself.

import Model

struct Obstacles {
    /// What of a stage has a problem; of several stages of one template, the same thing.
    enum Subject: Hashable {
        /// By its place among the stage's inputs or outputs.
        case missingInput(Int), foreignOutput(Int)
        case resource(String)
        case length, shell, strayOutput
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
    var sentences: [String] {
        order.flatMap { group -> [String] in
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
    }

    private static let mostNames = 10
}
