// Durations, sizes, sanitized text and widths.
import Model
import Testing

@testable import Report

@Suite struct HumanFormatTests {
    @Test(
        arguments: [
            (0, "0.0s"), (0.04, "0.0s"), (0.4, "0.4s"), (12.34, "12.3s"), (59.94, "59.9s"), (59.96, "1m 00s"),
            (245, "4m 05s"),
            (3599.6, "1h 00m"), (3720, "1h 02m"), (86_399, "23h 59m"), (86_400, "1d 0h"), (273_600, "3d 4h"),
            (-5, "0.0s"),
            (.nan, "0.0s"), (.infinity, "11574074d 1h"),
        ] as [(Double, String)])
    func durations(seconds: Double, expected: String) {
        #expect(durationText(seconds) == expected)
    }

    @Test(
        arguments: [
            (0.2, "0s"), (41.4, "41s"), (59.6, "1m"), (170, "3m"), (3569, "59m"), (3600, "1h 00m"), (3750, "1h 03m"),
            (-1, "0s"), (.nan, "0s"),
        ] as [(Double, String)])
    func roughDurations(seconds: Double, expected: String) {
        #expect(roughDurationText(seconds) == expected)
    }

    @Test(
        arguments: [
            (0, "0 B"), (812, "812 B"), (999, "999 B"), (1000, "1.00 kB"), (1_200_000_000, "1.20 GB"),
            (45_640_000, "45.6 MB"),
            (9_999, "10.0 kB"), (99_960, "100 kB"), (999_499, "999 kB"), (999_500, "1.00 MB"), (-2_000, "-2.00 kB"),
            (.max, "9.22 EB"), (.min, "-9.22 EB"),
        ] as [(Int64, String)])
    func bytes(bytes: Int64, expected: String) {
        #expect(byteText(bytes) == expected)
    }

    @Test func counts() {
        #expect(countText(1, "stage") == "1 stage")
        #expect(countText(0, "stage") == "0 stages")
        #expect(countText(2, "entry", plural: "entries") == "2 entries")
    }

    @Test(arguments: [
        ("plain", "plain"), ("日本 é", "日本 é"), ("a\nb\tc\r", "a\\nb\\tc\\r"), ("\u{1b}[31mred", "\\e[31mred"),
        ("\u{7}\u{0}\u{7f}\u{9b}", "\\x07\\x00\\x7f\\x9b"), ("\u{202e}gnp\u{2028}", "\\u{202e}gnp\\u{2028}"),
        ("\r\n", "\\r\\n"),
    ])
    func sanitizing(text: String, expected: String) {
        #expect(sanitized(text) == expected)
    }

    @Test(arguments: [
        ("plain", "plain"), ("\u{1b}[1;31mError\u{1b}[0m: no", "Error: no"), ("a\tb", "a       b"),
        ("10%\r50%\r100%\r\n", "100%"), ("\u{1b}[2Jboo", "\\e[2Jboo"), ("\u{1b}[31", "\\e[31"), ("\r", ""), ("", ""),
    ])
    func logLines(line: String, expected: String) {
        #expect(sanitizedLogLine(line) == expected)
    }

    @Test(arguments: [
        ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한글", 4), ("ｆｕｌｌ", 8), ("🎉", 2), ("✓", 1), ("…", 1),
        ("\u{1112}\u{1161}\u{11ab}", 2), ("a\u{200b}b", 2), ("🇩🇪", 2),
    ])
    func widths(text: String, expected: Int) {
        #expect(displayWidth(text) == expected)
    }

    @Test(arguments: [
        ("abcdef", 6, "abcdef", "abcdef"), ("abcdef", 5, "abcd…", "ab…ef"), ("日本語", 5, "日本…", "日…語"),
        ("日本語", 4, "日…", "日…"), ("abc", 1, "…", "…"), ("abc", 0, "", ""),
    ])
    func cutting(text: String, columns: Int, atEnd: String, inMiddle: String) {
        #expect(truncated(text, to: columns) == atEnd)
        #expect(cutInMiddle(text, to: columns) == inMiddle)
    }

    @Test func wrapping() {
        #expect(wrapped("abcdefg", to: 3) == ["abc", "def", "g"])
        #expect(wrapped("日本語", to: 3) == ["日", "本", "語"])
        #expect(wrapped("", to: 3) == [""])
    }
}

@Suite struct ReasonSentenceTests {
    private static let digests = (String(repeating: "3f2a", count: 16), String(repeating: "91bc", count: 16))

    @Test(arguments: [
        (Reason(.neverRan), "never ran"), (Reason(.lastFailed), "last attempt failed"),
        (Reason(.lastFailed, new: "timed_out"), "last attempt timed out"),
        (Reason(.lastFailed, new: "out_of_memory"), "last attempt ran out of memory"),
        (Reason(.lastInterrupted, new: "interrupted"), "last attempt was interrupted"),
        (Reason(.lastInterrupted, new: "lost"), "last attempt was lost"),
        (Reason(.rejected, subject: "execution 12"), "execution 12 was rejected"),
        (Reason(.commandChanged, old: "a", new: "b"), "command changed"),
        (Reason(.commandChanged, subject: "workdir", old: ".", new: "sub"), "workdir changed: . → sub"),
        (
            Reason(.inputChanged, subject: "data/raw/iris.csv", old: digests.0, new: digests.1),
            "input data/raw/iris.csv changed (3f2a… → 91bc…)"
        ),
        (
            Reason(.inputChanged, subject: "x", old: "3f2a" + digests.1.dropFirst(4), new: digests.0),
            "input x changed (3f2a91bc91bc… → 3f2a3f2a3f2a…)"
        ),
        (Reason(.inputAdded, subject: "x", new: digests.0), "input x was added"),
        (Reason(.inputRemoved, subject: "x", old: digests.0), "input x was removed"),
        (Reason(.paramChanged, subject: "lr", old: "0.05", new: "0.1"), "param lr changed: 0.05 → 0.1"),
        (Reason(.paramChanged, subject: "lr", new: "0.1"), "param lr changed: unset → 0.1"),
        (
            Reason(.paramChanged, subject: "p", old: String(repeating: "a", count: 100), new: "\u{1b}[2J"),
            "param p changed: aaaaaaaaaaaaaaaa…aaaaaaaaaaaaaaa → \\e[2J"
        ),
        (
            Reason(
                .paramChanged, subject: "p", old: String(repeating: "a", count: 100),
                new: String(repeating: "a", count: 99)),
            "param p changed"
        ),
        (Reason(.envChanged, subject: "CUDA_HOME", old: "/a", new: nil), "env CUDA_HOME changed: /a → unset"),
        (Reason(.outputMissing, subject: "models/iris.json"), "output models/iris.json is missing"),
        (
            Reason(.outputModified, subject: "m", old: digests.0, new: digests.1),
            "output m was modified (3f2a… → 91bc…)"
        ),
        (Reason(.outputsChanged), "the declared outputs changed"),
        (Reason(.outputsChanged, subject: "m", old: "m"), "output m is no longer declared"),
        (Reason(.outputsChanged, subject: "m", new: "m"), "output m is newly declared"),
        (Reason(.inputChangedDuringRun), "an input changed while it ran"),
        (Reason(.upstreamMayChange, subject: "preprocess"), "stage preprocess may change it"),
        (Reason(.always), "always runs"), (Reason(.forced), "forced"), (Reason(.fresh), "fresh"),
        (Reason(.frozen), "frozen"),
        (Reason(.restored), "restored"),
        (Reason(.blocked, subject: "train@dataset=iris"), "blocked by train@dataset=iris"),
        (
            Reason(
                .blocked,
                subject:
                    "an input that cannot be read: 'data/raw' keeps changing; wait until it is written, then try again."
            ),
            "blocked by an input that cannot be read: 'data/raw' keeps changing; wait until it is written, then try again."
        ),
        (Reason(.notSelected), "not selected"),
    ])
    func phrases(reason: Reason, expected: String) {
        #expect(sentence(for: reason) == expected)
    }

    @Test(arguments: Reason.Code.allCases)
    func everyCodeHasAPhraseWithoutASubject(code: Reason.Code) {
        let phrase = sentence(for: Reason(code))
        #expect(!phrase.isEmpty && !phrase.hasSuffix(" ") && !phrase.contains("  "))
    }

    @Test func severalReasons() {
        #expect(sentence(for: []) == "")
        #expect(sentence(for: [Reason(.forced)]) == "forced")
        #expect(
            sentence(for: [Reason(.commandChanged), Reason(.always), Reason(.forced)]) == "command changed, and 2 more")
    }
}
