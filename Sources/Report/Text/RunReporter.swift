// What every way of watching a run has in common. Knows the order of calls; the text goes wherever the caller puts it.
import Model

/// Turns what happens in a run into text. The caller writes each text as it is, in order.
public protocol RunReporter: Sendable {
    /// Takes an event; the text that is to be written now, maybe none.
    mutating func receive(_ event: RunEvent) -> String
    /// Called about ten times a second while the run goes on. `size`: the terminal's, in characters.
    mutating func redraw(now: Timestamp, size: (columns: Int, rows: Int)) -> String
    /// Called once, at the end, however the run ended.
    mutating func close() -> String
}

extension RunReporter {
    public mutating func redraw(now: Timestamp, size: (columns: Int, rows: Int)) -> String { "" }
    public mutating func close() -> String { "" }
}
