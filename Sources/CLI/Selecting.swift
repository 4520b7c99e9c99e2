// From words on the command line to stages: which are named, needed, forced.

import ArgumentParser
import Model
import Planner

/// How the stages named are widened or narrowed.
struct SelectionOptions: ParsableArguments {
    @Flag(help: "Only the stages named, without what they need.")
    var only = false

    @Flag(help: "Also every stage that depends on those named.")
    var downstream = false

    @Flag(help: "Run the stages named even when they are fresh.")
    var force = false

    var rules: SelectionRules { SelectionRules(only: only, downstream: downstream, force: force) }
}

/// The same for commands without these options: the stages named and what they need.
struct SelectionRules {
    var only = false
    var downstream = false
    var force = false
}

extension Graph {
    /// The stages that a word names: a template, a template with values, a full name, or a glob.
    func stages(named word: String) throws -> [StageIndex] {
        let selector = StageSelector(word)
        let found = stages.indices.filter {
            selector.matches(stageName: stages[$0].name, template: stages[$0].template)
        }
        guard found.isEmpty else { return found }
        var known = Set(stages.map(\.template))
        for stage in stages { known.insert(stage.name) }
        let hint = nearest(to: word, among: known.sorted()).map { " Did you mean '\($0)'?" } ?? ""
        throw Failure(.usage, "no stage of '\(pipeline)' is called '\(word)'.\(hint) `runs status` lists them all.")
    }

    func selection(of words: [String], _ rules: SelectionRules) throws -> Selection {
        let named = words.isEmpty ? defaultTargets : try words.flatMap { try stages(named: $0) }
        var targets = named
        if rules.downstream {
            let below = closure(downstreamOf: named)
            targets = stages.indices.filter { below[$0] }
        }
        var selected = [Bool](repeating: false, count: stages.count)
        if rules.only {
            for target in targets { selected[target] = true }
        } else {
            selected = closure(upstreamOf: targets)
        }
        var forced = [Bool](repeating: false, count: stages.count)
        if rules.force {
            for target in named {
                if stages[target].isFrozen {
                    throw Failure(
                        .usage,
                        "stage '\(stages[target].name)' is frozen and cannot be forced. Remove \"frozen\" from the pipeline, "
                            + "or leave it out of the stages named.")
                }
                forced[target] = true
            }
        }
        return Selection(isSelected: selected, isForced: forced)
    }
}

/// FILE and stages: the first word is the file when it ends in `.json`.
func fileAndStages(_ words: [String]) -> (file: String, stages: [String]) {
    guard let first = words.first, first.hasSuffix(".json") else { return ("pipeline.json", words) }
    return (first, Array(words.dropFirst()))
}
