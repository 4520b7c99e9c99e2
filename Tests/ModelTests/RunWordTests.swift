// Words that name runs.

import Model
import Testing

@Suite struct RunWordTests {
    @Test(arguments: [
        ("1", RunWord.number(RunID(1))), ("0042", .number(RunID(42))), ("9223372036854775807", .number(RunID(.max))),
        ("latest", .back(0)), ("latest~0", .back(0)), ("latest~1", .back(1)),
        ("latest~9223372036854775807", .back(.max)),
    ])
    func runsAreNamed(word: String, expected: RunWord) throws {
        #expect(try RunWord(word) == expected)
    }

    @Test(arguments: [
        "", " ", "0", "-1", "+1", "1.0", "1 ", "٣", "9223372036854775808", "Latest", "latest~", "latest~-1",
        "latest~+1",
        "latest~~1", "latest~1~1", "latest~9223372036854775808", "latest1", "~1", "~", "train", "e\u{301}", "\u{0}",
        "1\u{0}",
    ])
    func otherWordsAreRejectedWithAHint(word: String) {
        #expect { try RunWord(word) } throws: { ($0 as? Failure)?.message.contains("latest~1") ?? false }
    }
}
