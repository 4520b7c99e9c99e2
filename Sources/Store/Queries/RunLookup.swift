// Finds the run that a word names. Knows which runs exist; `RunWord` knows the syntax.

import Model
import RunsSQL

/// The runs among which `latest` is the newest.
public enum RunScope: Sendable {
    case all
    /// Those of the pipelines of these names.
    case pipelines([String])
    /// Those that executed any of these stages (IDs, from `stageNames`).
    case executing([Int64])
}

extension Store {
    /// The run that a user's word names; of several with a tag the newest.
    ///
    /// - Parameter onSeveral: called with all runs that have the tag, newest first, if there are several.
    /// - Throws: a `Failure` of kind `usage` if the word is invalid or the run does not exist.
    public func run(
        named word: String, among scope: RunScope = .all, onSeveral: ([RunID]) -> Void
    ) throws(Failure) -> RunID {
        try run(named: RunWord(word), among: scope, onSeveral: onSeveral)
    }

    /// - Throws: a `Failure` of kind `usage` if the run does not exist.
    func run(
        named word: RunWord, among scope: RunScope = .all, onSeveral: ([RunID]) -> Void = { _ in }
    ) throws(Failure) -> RunID {
        switch word {
        case .tag(let tag):
            let tagged = try runs(tagged: tag, among: scope)
            guard let newest = tagged.first else { throw try noRun(tagged: tag) }
            if tagged.count > 1 { onSeveral(tagged) }
            return newest
        case .number(let run):
            if try connection.statement(SQL.findRun).first([("run_id", run.value)], { _ in true }) != nil { return run }
            guard let newest = try newestRun() else { throw noRun() }
            throw Failure(.usage, "run \(run) does not exist; the newest is \(newest). \(Self.listing)")
        case .back(let count):
            if let run = try run(back: count, among: scope) { return run }
            guard count > 0 else { throw noRun() }
            throw Failure(.usage, "run latest~\(count) does not exist: there are fewer runs. \(Self.listing)")
        }
    }

    private func run(back count: Int, among scope: RunScope) throws(Failure) -> RunID? {
        switch scope {
        case .all: return try run(back: count, ofPipelines: nil)
        case .pipelines(let names):
            return try run(back: count, ofPipelines: JSONValue.array(names.map { .string($0) }).text)
        case .executing(let stages):
            return try connection.statement(SQL.runBackOfStages).first([("stage_ids", array(stages)), ("back", count)])
            {
                RunID($0.integer(0))
            }
        }
    }

    private func run(back count: Int, ofPipelines names: String?) throws(Failure) -> RunID? {
        try connection.statement(SQL.runBack).first([("pipelines", names), ("back", count)]) { RunID($0.integer(0)) }
    }

    private func runs(tagged tag: String, among scope: RunScope) throws(Failure) -> [RunID] {
        var bindings: [(String, Bindable?)] = [("tag", tag)]
        switch scope {
        case .all: break
        case .pipelines(let names):
            bindings.append(("pipelines", JSONValue.array(names.map { .string($0) }).text))
        case .executing(let stages): bindings.append(("stage_ids", array(stages)))
        }
        return try connection.statement(SQL.taggedRuns).all(bindings) { RunID($0.integer(0)) }
    }

    private func noRun(tagged tag: String) throws(Failure) -> Failure {
        if let other = try runs(tagged: tag, among: .all).first {
            return Failure(
                .usage, "run \(other) has the tag '\(tag)', but is not a run of this stage. \(Self.listing)")
        }
        let known = try connection.statement(SQL.runTags).all { $0.text(0) }
        let hint = nearest(to: tag, among: known + ["latest"]).map { "Did you mean '\($0)'? " } ?? ""
        return Failure(
            .usage,
            "no run has the tag '\(tag)', and it is not a number, latest or latest~1. \(hint)\(Self.listing)")
    }

    private func noRun() -> Failure { Failure(.usage, "no run is recorded yet. `runs exec` starts the first.") }

    private static let listing = "`runs query \"select * from runs\"` lists them all."
}
