// Words that name runs.

import Model
import Testing

@Suite struct RunWordTests {
    @Test(arguments: [
        ("1", RunWord.number(RunID(1))), ("0042", .number(RunID(42))), ("9223372036854775807", .number(RunID(.max))),
        ("latest", .back(0)), ("latest~0", .back(0)), ("latest~1", .back(1)),
        ("latest~9223372036854775807", .back(.max)), ("week1", .tag("week1")), ("Latest", .tag("Latest")),
        ("latest1", .tag("latest1")), ("-1", .tag("-1")), ("1.0", .tag("1.0")), ("1 ", .tag("1 ")), ("٣", .tag("٣")),
        ("~1", .tag("~1")),
    ])
    func runsAreNamed(word: String, expected: RunWord) throws {
        #expect(try RunWord(word) == expected)
    }

    /// Digits, and what begins like `latest~1`, never name a tag.
    @Test(arguments: [
        "", "0", "00", "9223372036854775808", "latest~", "latest~-1", "latest~+1", "latest~~1", "latest~1~1",
        "latest~9223372036854775808", "latest~x",
    ])
    func otherWordsAreRejectedWithAHint(word: String) {
        #expect { try RunWord(word) } throws: { ($0 as? Failure)?.message.contains("latest~1") ?? false }
    }
}
