// From a word on the command line to an execution's number.

import Model

/// The execution that a word names.
func execution(named word: String) throws -> ExecutionID {
    guard let number = Int64(word), number > 0 else {
        throw Failure(
            .usage,
            "invalid execution number '\(word)' (`runs history STAGE` lists the executions of a stage)")
    }
    return ExecutionID(number)
}
