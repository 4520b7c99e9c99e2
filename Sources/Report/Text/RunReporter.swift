// What all reporters of a run have in common. Knows the order of calls; does not know where the text goes.
import Model

/// Turns the events of a run into text, which the caller writes unchanged and in order.
public protocol RunReporter: Sendable {
    /// Returns the text to write after an event, which may be empty.
    mutating func receive(_ event: RunEvent) -> String
    /// Called about ten times a second during the run. `size`: the terminal's, in characters.
    mutating func redraw(now: Timestamp, size: (columns: Int, rows: Int)) -> String
    /// Called once at the end of the run, whatever its status.
    mutating func close() -> String
}

extension RunReporter {
    public mutating func redraw(now: Timestamp, size: (columns: Int, rows: Int)) -> String { "" }
    public mutating func close() -> String { "" }
}
