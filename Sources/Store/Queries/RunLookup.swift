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
    /// The run that a user's word names.
    ///
    /// - Throws: a `Failure` of kind `usage` if the word is invalid or the run does not exist.
    public func run(named word: String, among scope: RunScope = .all) throws(Failure) -> RunID {
        try run(named: RunWord(word), among: scope)
    }

    /// - Throws: a `Failure` of kind `usage` if the run does not exist.
    public func run(named word: RunWord, among scope: RunScope = .all) throws(Failure) -> RunID {
        switch word {
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

    private func noRun() -> Failure { Failure(.usage, "no run is recorded yet. `runs exec` starts the first.") }

    private static let listing = "`runs query \"select * from runs\"` lists them all."
}
