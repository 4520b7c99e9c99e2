// From words on the command line to a selection of stages. Knows how stages are named, needed and forced; does not know
// which are stale.

import ArgumentParser
import Model
import Planner

/// Options that extend or restrict the stages named.
struct SelectionOptions: ParsableArguments {
    @Flag(help: "Run only the stages named, without their dependencies")
    var only = false

    @Flag(help: "Also run every stage that depends on those named")
    var downstream = false

    @Flag(help: "Run the stages named even if they are fresh")
    var force = false

    var rules: SelectionRules { SelectionRules(only: only, downstream: downstream, force: force) }
}

/// The same as values; the default is the stages named and their dependencies.
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
        let hint = suggestion(for: word, among: known.sorted(), else: "`runs status` lists all stages")
        throw Failure(.usage, "unknown stage '\(word)' in pipeline '\(pipeline)'\(hint)")
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
                        "stage '\(stages[target].name)' is frozen and cannot be forced (remove \"frozen\" from the "
                            + "pipeline, or do not name the stage)")
                }
                forced[target] = true
            }
        }
        return Selection(isSelected: selected, isForced: forced)
    }
}

/// ` (did you mean 'train'?)`; ` (ALTERNATIVE)`, or nothing, if no name is similar.
func suggestion(for word: String, among names: [String], else alternative: String? = nil) -> String {
    (nearest(to: word, among: names).map { "did you mean '\($0)'?" } ?? alternative).map { " (\($0))" } ?? ""
}

/// The pipeline file and the stages: the first word is the file if it ends in `.json`.
///
/// - Throws: if it is a file of another format.
func fileAndStages(_ words: [String]) throws -> (file: String, stages: [String]) {
    if let first = words.first, !first.contains("@"), !first.contains("*"),
        [".yaml", ".yml", ".toml"].contains(where: { first.lowercased().hasSuffix($0) })
    {
        throw Failure(
            .usage,
            "'\(first)': a pipeline is a JSON file, such as pipeline.json; params may be in YAML or TOML: "
                + "\"params_file\": \"params.yaml\"")
    }
    guard let first = words.first, first.hasSuffix(".json") else { return ("pipeline.json", words) }
    return (first, Array(words.dropFirst()))
}
