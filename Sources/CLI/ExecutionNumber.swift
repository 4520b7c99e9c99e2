// From a word on the command line to an execution: its number.

import Model

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
