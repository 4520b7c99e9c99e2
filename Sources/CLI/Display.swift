// Output of a run's events: a live region on a terminal, plain lines elsewhere, JSON lines on standard output. Knows
// which reporter and which descriptor; the texts are Report's.

import Model
import Report

struct Display {
    private var reporter: any RunReporter
    private let terminal: Terminal
    /// The reporter does not print these lines itself.
    private let showsBench: Bool
    private var nextRedraw = Timestamp(microseconds: 0)
    /// Ten redraws a second look smooth and cost little.
    private static let redrawMicroseconds: Int64 = 100_000

    /// - Parameter showsBench: print a `[BENCH]` line at the end of each attempt.
    init(style: OutputStyle, showsBench: Bool) {
        var addsBench = showsBench
        switch style {
        case .jsonl:
            terminal = .standardOutput
            reporter = JSONLinesProgress()
        case .quiet:
            terminal = .standardError
            reporter = QuietProgress()
        case .text:
            terminal = .standardError
            if terminal.isTerminal, variable("TERM") != "dumb" {
                reporter = LiveProgress(useColor: terminal.usesColor, showsBench: showsBench)
                addsBench = false
            } else {
                reporter = PlainProgress()
            }
        }
        self.showsBench = addsBench && style == .text
    }

    mutating func show(_ event: RunEvent) { write(reporter.receive(event) + (showsBench ? benchLine(for: event) : "")) }

    mutating func redraw(now: Timestamp) {
        guard now >= nextRedraw else { return }
        nextRedraw = Timestamp(microseconds: now.microseconds + Self.redrawMicroseconds)
        guard let size = terminal.size else { return }
        write(reporter.redraw(now: now, size: size))
    }

    mutating func close() { write(reporter.close()) }

    private func write(_ text: String) {
        if !text.isEmpty { terminal.write(text) }
    }
}
