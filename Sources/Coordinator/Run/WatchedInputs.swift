// What the inputs of an execution looked like when it began, and which of them have changed at its end. Knows paths and
// observations; does not know the store.

import Model
import Planner
import Workspace

/// What a stage's inputs looked like just before its command was started.
struct WatchedInputs: Sendable {
    private let entries: [(recorded: RecordedPath, scope: DigestScope, observation: Observation?)]
    /// Patterns, and the paths that they matched.
    private let patterns: [(input: Input, matches: [String])]

    init(stage: Stage, facts: StageFacts, workspace: Workspace) {
        let scopes = Self.scopes(of: stage)
        entries = facts.inputs.map { recorded in
            let scope = scopes(recorded)
            return (recorded, scope, try? workspace.observation(of: recorded.path, scope: scope))
        }
        patterns = stage.inputs.filter(\.isGlob).map { ($0, Self.matches(of: $0, in: workspace) ?? []) }
    }

    /// Of an execution that began before this program looked: all that is known is what was recorded.
    init(stage: Stage, recorded: [RecordedPath]) {
        let scopes = Self.scopes(of: stage)
        entries = recorded.map { ($0, scopes($0), nil) }
        patterns = stage.inputs.filter(\.isGlob).map { input in
            let pattern = GlobPattern(input.path)
            return (input, recorded.map(\.path).filter { pattern.matches($0) }.sorted())
        }
    }

    /// The scopes of recorded inputs: by path, or by the name of the pattern that a path matches.
    private static func scopes(of stage: Stage) -> (RecordedPath) -> DigestScope {
        var (byPath, byName) = ([String: DigestScope](), [String: DigestScope]())
        for input in stage.inputs {
            if input.isGlob { byName[input.name] = input.scope } else { byPath[input.path] = input.scope }
        }
        return { byPath[$0.path] ?? byName[$0.name] ?? DigestScope(.content) }
    }

    private static func matches(of input: Input, in workspace: Workspace) -> [String]? {
        try? workspace.matches(of: input.path, exclusions: input.exclusions)
    }

    /// As they were found, without those that leave out some of the stage's own files.
    var paths: [String] { entries.filter(\.scope.exclusions.patterns.isEmpty).map(\.recorded.path) }

    /// Whether their stats alone show that all of them are what was read. Asked only where that takes no time: of files
    /// that are named one by one.
    func areUntouchedFiles(in workspace: Workspace) -> Bool {
        patterns.isEmpty
            && entries.allSatisfy { entry in
                guard case .file(let stamp)? = entry.observation else { return false }
                return (try? workspace.stamp(of: entry.recorded.path)) == stamp
            }
    }

    /// Those that are no longer what was read: a changed stat is read again, and only another digest counts.
    func changes(in workspace: Workspace) -> [ChangedInput] {
        var changes: [ChangedInput] = []
        for entry in entries {
            let (path, scope) = (entry.recorded.path, entry.scope)
            let now = try? workspace.observation(of: path, scope: scope)
            if now != nil, now == entry.observation { continue }
            if (try? workspace.fingerprint(of: path, scope: scope)) == entry.recorded.fingerprint { continue }
            let inside = now?.changedEntries(since: entry.observation) ?? []
            changes.append(ChangedInput(path: path, files: inside.map { path == "." ? $0 : "\(path)/\($0)" }))
        }
        for (input, before) in patterns {
            let now = Self.matches(of: input, in: workspace)
            if now == before { continue }
            let files = now.map { Set($0).symmetricDifference(before).sorted() } ?? []
            changes.append(ChangedInput(path: input.path, files: files))
        }
        return changes
    }
}

/// An input that is no longer what the stage was started with.
struct ChangedInput: Hashable, Sendable {
    /// The path or pattern.
    let path: String
    /// What changed in it; empty for a file, or if it is not known.
    let files: [String]
}

/// `input src changed while it ran (src/a.py): it will run again`
func sentence(for changes: [ChangedInput]) -> String {
    func listed(_ texts: [String]) -> String {
        let rest = texts.count - mostNames
        return texts.prefix(mostNames).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
    let files = changes.flatMap(\.files)
    return "\(changes.count == 1 ? "input" : "inputs") \(listed(changes.map(\.path))) changed while it ran"
        + "\(files.isEmpty ? "" : " (\(listed(files)))"): it will run again"
}

private let mostNames = 5
