// Which stages depend on which: by paths, `from` and `needs`. Knows paths; does not know commands.

import JSON
import Model

struct Edges {
    private(set) var producers: [[[StageIndex]]] = []
    private(set) var predecessors: [[StageIndex]] = []

    private let drafts: [Draft]
    private let outputs: OutputIndex
    private let problems: ProblemList
    /// Patterns often repeat: each is matched once.
    private var matchedBy: [String: [OutputReference]] = [:]

    /// The folders in which `Edges` will look for outputs.
    static func folders(of drafts: [Draft]) -> Set<String> {
        var folders: Set<String> = []
        for draft in drafts {
            for input in draft.inputs where !leavesFolder(input.input.path) {
                folders.insert(input.input.isGlob ? Self.folder(of: GlobPattern(input.input.path)) : input.input.path)
            }
        }
        return folders
    }

    private static func folder(of pattern: GlobPattern) -> String {
        pattern.literalPrefix.isEmpty ? "." : pattern.literalPrefix
    }

    init(_ drafts: [Draft], outputs: OutputIndex, problems: ProblemList) {
        self.drafts = drafts
        self.outputs = outputs
        self.problems = problems
        producers.reserveCapacity(drafts.count)
        predecessors.reserveCapacity(drafts.count)
        for (index, draft) in drafts.enumerated() {
            let ofInputs = draft.inputs.map { makers(of: $0, for: index) }
            producers.append(ofInputs)
            predecessors.append(Self.sortedOnce(ofInputs.flatMap { $0 } + draft.needs.filter { $0 != index }))
        }
    }

    private mutating func makers(of input: DraftInput, for stage: StageIndex) -> [StageIndex] {
        let all = input.input.isGlob ? matches(of: input.input.path) : relatives(of: input.input.path)
        let references = counted(all, of: input.input)
        var makers = references.map(\.stage)
        if let source = input.source { makers.append(source) }
        makers = Self.sortedOnce(makers)
        guard let own = makers.firstIndex(of: stage) else { return makers }
        makers.remove(at: own)
        let path =
            references.first { $0.stage == stage }.map { drafts[stage].outputs[$0.output].output.path }
            ?? input.input.path
        let relation: String
        if path == input.input.path {
            relation = "is the stage's own output"
        } else if input.input.isGlob {
            relation = "may match the stage's own output '\(path)'"
        } else if path.hasPrefix(input.input.path + "/") || input.input.path == "." {
            relation = "contains the stage's own output '\(path)'"
        } else {
            relation = "is inside the stage's own output '\(path)'"
        }
        problems.add(
            input.place, input.position, stage: drafts[stage].name,
            "the input '\(input.input.path)' \(relation); a stage cannot depend on itself.")
        return makers
    }

    /// Without the outputs that the input leaves out.
    private func counted(_ references: [OutputReference], of input: Input) -> [OutputReference] {
        guard !references.isEmpty, let filter = InsideFilter(input) else { return references }
        return references.filter { !filter.omits(drafts[$0.stage].outputs[$0.output].output.path) }
    }

    /// Outputs at the path, inside it, or containing it.
    private func relatives(of path: String) -> [OutputReference] {
        let inside = outputs.below(path)
        guard let holder = outputs.holder(of: path) else { return inside }
        return inside + [holder]
    }

    private mutating func matches(of text: String) -> [OutputReference] {
        if let known = matchedBy[text] { return known }
        let pattern = GlobPattern(text)
        let folder = Self.folder(of: pattern)
        var found = outputs.below(folder).filter { reference in
            let output = drafts[reference.stage].outputs[reference.output].output
            // A metrics file cannot contain other files.
            return pattern.matches(output.path) || !output.isMetrics && pattern.mayMatch(inside: output.path)
        }
        if let holder = outputs.holder(of: folder) { found.append(holder) }
        matchedBy[text] = found
        return found
    }

    private static func sortedOnce(_ stages: [StageIndex]) -> [StageIndex] {
        guard stages.count > 1 else { return stages }
        var result: [StageIndex] = []
        result.reserveCapacity(stages.count)
        for stage in stages.sorted() where stage != result.last { result.append(stage) }
        return result
    }
}

/// Reports cycles, each as `a → b → a`.
func reportCycles(_ drafts: [Draft], predecessors: [[StageIndex]], problems: ProblemList) {
    var successors = [[StageIndex]](repeating: [], count: drafts.count)
    for (stage, before) in predecessors.enumerated() {
        for predecessor in before { successors[predecessor].append(stage) }
    }
    let sorted = Graph.topologicalOrder(predecessors: predecessors, successors: successors)
    guard !sorted.isComplete else { return }
    var isOpen = [Bool](repeating: true, count: drafts.count)
    for stage in sorted.order { isOpen[stage] = false }
    // Each open stage waits for an open one: following any of them leads into a cycle.
    var reported: Set<Set<Int>> = []
    for start in drafts.indices where isOpen[start] {
        var walk: [StageIndex] = []
        var placeInWalk: [StageIndex: Int] = [:]
        var next: StageIndex? = start
        while let stage = next, placeInWalk[stage] == nil {
            placeInWalk[stage] = walk.count
            walk.append(stage)
            isOpen[stage] = false
            next = predecessors[stage].first { isOpen[$0] || placeInWalk[$0] != nil }
        }
        guard let stage = next, let first = placeInWalk[stage] else { continue }
        // In order of execution, from the stage that comes first in the file.
        var cycle = Array(walk[first...].reversed())
        let smallest = cycle.indices.min { cycle[$0] < cycle[$1] } ?? 0
        cycle = Array(cycle[smallest...] + cycle[..<smallest])
        guard reported.insert(Set(cycle.map { drafts[$0].instance.template })).inserted else { continue }
        let names = (cycle + [cycle[0]]).map { drafts[$0].name }
        let draft = drafts[cycle[0]]
        problems.add(
            draft.place, draft.document.position, "dependency cycle: \(shortened(names).joined(separator: " → ")).")
    }
}

/// A long cycle is shown by its first and last stages.
private func shortened(_ names: [String]) -> [String] {
    names.count <= 20 ? names : names.prefix(10) + ["… \(names.count - 15) more …"] + names.suffix(5)
}
