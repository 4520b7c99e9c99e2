// Inputs that no stage makes any more, although a stage of this pipeline made what is there: it was removed or renamed,
// or makes other outputs now. Knows the graph, who made what, and the disk; decides nothing.

import Model
import Workspace

/// An input that a stage of an earlier version of the pipeline made.
private struct Leftover {
    let path: String
    let stage: String
    /// Whether the pipeline still has that stage.
    let hasStage: Bool

    var template: Substring { stage.prefix { $0 != "@" } }
}

extension RunPreparation {
    /// A warning for each stage that is gone and whose outputs are still read; for many stages, one for all.
    ///
    /// Looks at the whole pipeline: if only a part was planned, nothing that is left over is new.
    public func leftoverWarnings() throws(Failure) -> [String] {
        // Without a past nothing is left of it.
        guard !request.isPart, history.hasExecutions else { return [] }
        let unmade = try unmadePaths()
        guard !unmade.isEmpty else { return [] }
        let inputs = InputPaths(request)
        let names = Set(request.graph.stages.map(\.name))
        var leftovers: [Leftover] = []
        for path in unmade.sorted() where inputs.read(path, isFolder: true) {
            guard let maker = try history.owner(ofPath: path),
                let made = maker.outputs.first(where: { $0.path == path })?.fingerprint,
                inputs.read(path, isFolder: made.kind != .content), isUnchanged(path, since: made)
            else { continue }
            leftovers.append(Leftover(path: path, stage: maker.stage, hasStage: names.contains(maker.stage)))
        }
        return warnings(about: leftovers)
    }

    /// What executions of this pipeline made, and no stage makes.
    private func unmadePaths() throws(Failure) -> [String] {
        var declared = Set<String>()
        for stage in request.graph.stages { for output in stage.outputs { declared.insert(output.path) } }
        let unmade = try store.ownedPaths(pipeline: request.graph.pipeline).map(\.path).filter { path in
            !declared.contains(path) && !foldersAbove(path).contains(where: declared.contains)
        }
        if unmade.isEmpty { return [] }
        let foldersOfOutputs = Set(declared.flatMap(foldersAbove))
        return unmade.filter { !foldersOfOutputs.contains($0) }
    }

    /// What a person has edited or replaced since is that person's.
    private func isUnchanged(_ path: String, since made: Fingerprint) -> Bool {
        (try? workspace.fingerprint(of: path, scope: DigestScope(made.kind == .metadata ? .metadata : .content)))
            == made
    }

    // MARK: - Wording

    private func warnings(about leftovers: [Leftover]) -> [String] {
        let groups = Dictionary(grouping: leftovers) { "\($0.template) \($0.hasStage)" }
        guard groups.count <= 5 else {
            return [
                "\(leftovers.count) inputs such as '\(leftovers[0].path)' were made by stages that this pipeline no longer "
                    + "has, or whose outputs no longer include them"
            ]
        }
        return groups.values.sorted { $0[0].path < $1[0].path }.map(warning)
    }

    private func warning(about group: [Leftover]) -> String {
        let isOne = group.count == 1
        let inputs = isOne ? "input '\(group[0].path)' was" : "\(group.count) inputs such as '\(group[0].path)' were"
        let stages = Set(group.map(\.stage)).count
        let makers = stages == 1 ? "stage '\(group[0].stage)'" : "\(stages) stages of '\(group[0].template)'"
        let change =
            group[0].hasStage
            ? "whose outputs no longer include \(isOne ? "it" : "them")" : "which this pipeline no longer has"
        return "\(inputs) made by \(makers), \(change)"
    }
}

/// What the selected stages of a request read.
private struct InputPaths {
    private var paths = Set<String>()
    private var foldersAbovePaths = Set<String>()
    private var patterns: [GlobPattern] = []

    init(_ request: RunRequest) {
        var seenPatterns = Set<String>()
        for (index, stage) in request.graph.stages.enumerated()
        where request.selection.isSelected[index] && !stage.isFrozen {
            for input in stage.inputs {
                if input.isGlob {
                    if seenPatterns.insert(input.path).inserted { patterns.append(GlobPattern(input.path)) }
                } else if paths.insert(input.path).inserted {
                    foldersAbovePaths.formUnion(foldersAbove(input.path))
                }
            }
        }
    }

    /// Whether an input is the path, contains it, or lies in it.
    func read(_ path: String, isFolder: Bool) -> Bool {
        paths.contains(path) || foldersAbovePaths.contains(path) || foldersAbove(path).contains(where: paths.contains)
            || patterns.contains { $0.matches(path) || isFolder && $0.mayMatch(inside: path) }
    }
}

/// `a` and `a/b` of `a/b/c`.
private func foldersAbove(_ path: String) -> [String] {
    path.indices.filter { path[$0] == "/" && $0 != path.startIndex }.map { String(path[..<$0]) }
}
