// From words on the command line to runs and executions: their numbers, and `latest`.

import Model
import Store

extension Store {
    /// The run that a word names: its number, or `latest`.
    func run(named word: String) throws -> RunID {
        if word == "latest" {
            guard let newest = try newestRun() else {
                throw Failure(.store, "the store holds no run yet. Run `runs exec` first.")
            }
            return newest
        }
        guard let number = Int64(word), number > 0 else {
            throw Failure(
                .usage,
                "'\(word)' is no run. Give its number, or `latest`; `runs query \"select * from runs\"` lists them.")
        }
        guard try hasRun(RunID(number)) else {
            throw Failure(
                .usage, "there is no run \(number) in the store. `runs query \"select * from runs\"` lists them.")
        }
        return RunID(number)
    }
}

/// The execution that a word names: its number.
func execution(named word: String) throws -> ExecutionID {
    guard let number = Int64(word), number > 0 else {
        throw Failure(
            .usage,
            "'\(word)' is no execution's number. "
                + "`runs history STAGE` lists those of a stage.")
    }
    return ExecutionID(number)
}
