// What keeps a run from beginning, folded so that twenty stages of one template with the same problem are one line.
// Knows words; finds nothing itself.

import Model

struct Obstacles {
    enum Kind: Hashable {
        case missingInput, resources, length, strayOutput, foreignOutput
    }

    private struct Group: Hashable {
        let template: String
        let kind: Kind
    }

    private var order: [Group] = []
    private var members: [Group: [(stage: String, phrase: String)]] = [:]

    /// - Parameter phrase: what is wrong and what to do, without a period.
    mutating func add(_ stage: Stage, _ kind: Kind, _ phrase: String) {
        let group = Group(template: stage.template, kind: kind)
        if members[group] == nil { order.append(group) }
        members[group, default: []].append((stage.name, phrase))
    }

    /// One for each template and kind of problem, in the order in which they were met first.
    var sentences: [String] {
        order.flatMap { group -> [String] in
            guard let found = members[group], let first = found.first else { return [] }
            let stages = Set(found.map(\.stage)).count
            if stages == 1 { return found.map { "stage '\($0.stage)': \($0.phrase)" } }
            if Set(found.map(\.phrase)).count == 1 {
                return ["\(stages) stages of '\(group.template)': \(first.phrase)"]
            }
            return [
                "\(stages) stages of '\(group.template)': \(first.phrase) (for example stage '\(first.stage)')"
            ]
        }
    }
}
