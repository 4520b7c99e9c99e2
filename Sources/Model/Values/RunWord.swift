// Words of the command line that name a run: `7`, `latest`, `latest~2`, or a tag. Knows the syntax; the store knows
// which run is the latest, and which have a tag.

/// A run as a user names it.
public enum RunWord: Hashable, Sendable {
    case number(RunID)
    /// The Nth run before the newest; 0 is the newest.
    case back(Int)
    case tag(String)

    /// Digits, `latest` and `latest~N` never name a tag, so that a tag cannot change what they mean.
    ///
    /// - Throws: a `Failure` of kind `usage` for any other word that cannot be a tag.
    public init(_ word: String) throws(Failure) {
        let head = word.prefix { $0 != "~" }
        let tail = word.dropFirst(head.count)
        if head == "latest" {
            if tail.isEmpty {
                self = .back(0)
                return
            }
            if let count = Self.wholeNumber(tail.dropFirst()), let back = Int(exactly: count) {
                self = .back(back)
                return
            }
        } else if let number = Self.wholeNumber(word[...]) {
            if number > 0 {
                self = .number(RunID(number))
                return
            }
        } else if !word.isEmpty, !word.utf8.allSatisfy({ Self.digits.contains($0) }) {
            self = .tag(word)
            return
        }
        throw Failure(.usage, "invalid run '\(word)' (expected a number, latest, latest~1, or a tag)")
    }

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    /// Digits alone: no sign, no white space, no other script's digits.
    private static func wholeNumber(_ text: Substring) -> Int64? {
        guard text.utf8.allSatisfy({ digits.contains($0) }) else { return nil }
        return Int64(text)
    }
}
