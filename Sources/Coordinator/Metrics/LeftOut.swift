// What could not be recorded of what a stage reported. Knows counts and examples; does not know why.

import Model

/// A number of values or lines that were not recorded, with the first of them.
struct LeftOut: Hashable, Sendable {
    private(set) var count = 0
    private var example = ""

    mutating func add(_ example: @autoclosure () -> String, count more: Int = 1) {
        if count == 0 { self.example = example() }
        // A stage may report any number of losses.
        let (sum, isTooLarge) = count.addingReportingOverflow(more)
        count = isTooLarge ? .max : sum
    }

    /// `1 value left out: 'loss' = "n/a" (line 3)`, `2 values left out, first: …`; nil if nothing was.
    func text(_ singular: String, _ plural: String) -> String? {
        guard count > 0 else { return nil }
        return count == 1 ? "\(singular): \(example)" : "\(count) \(plural), first: \(example)"
    }
}

/// `'loss' = "n/a"`, shortened.
func exampleText(_ name: String, _ value: JSONValue) -> String {
    let text = value.text
    return "'\(name)' = " + (text.count > mostExampleCharacters ? text.prefix(mostExampleCharacters) + "…" : text)
}

private let mostExampleCharacters = 60
