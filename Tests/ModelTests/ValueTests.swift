// Digests, times, amounts, shell words and JSON text: round trips.

import Model
import Testing

@Suite struct ValueTests {
    @Test func digestsRoundTrip() throws {
        let hex = String(
            (0..<64).map { "0123456789abcdef"[String.Index(utf16Offset: ($0 * 7) % 16, in: "0123456789abcdef")] })
        let digest = try #require(Digest(hex: hex))
        #expect(digest.hex == hex)
        #expect(Digest(bytes: digest.bytes) == digest)
        #expect(Digest(hex: hex.dropLast()) == nil)
        #expect(Digest(hex: hex.dropLast() + "g") == nil)
        #expect(Digest(bytes: digest.bytes + [0]) == nil)
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000000Z"), (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"),
        (1_795_509_013_123_456, "2026-11-24T08:30:13.123456Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (4_102_444_799_999_999, "2099-12-31T23:59:59.999999Z"),
    ])
    func timesAreISO8601(_ microseconds: Int64, _ text: String) {
        #expect(Timestamp(microseconds: microseconds).iso8601 == text)
    }

    @Test(
        arguments: [(0.5, "0.5"), (2, "2"), (0, "0"), (0.001, "0.001"), (1.25, "1.25"), (8e12, "8000000000000")]
            as [(Double, String)])
    func amountsAreExact(_ value: Double, _ text: String) { #expect(Quantity(value)?.description == text) }

    @Test(arguments: [-1, .nan, .infinity, 1e15, 0.0001] as [Double])
    func invalidAmounts(_ value: Double) { #expect(Quantity(value) == nil) }

    @Test(arguments: [
        ("plain-1.csv", "plain-1.csv"), ("", "''"), ("a b", "'a b'"), ("it's", #"'it'\''s'"#), ("$HOME", "'$HOME'"),
        ("ü", "'ü'"), ("a\nb", "'a\nb'"), ("-n", "-n"),
    ])
    func shellWords(_ word: String, _ quoted: String) { #expect(shellQuoted(word) == quoted) }

    @Test func jsonTextKeepsSpellingAndCanonicalTextDoesNot() {
        let value = JSONValue.object(["b": .number("0.10"), "a": .array([.number("1e2"), .null, .bool(true)])])
        #expect(value.text == #"{"b":0.10,"a":[1e2,null,true]}"#)
        #expect(value.canonicalText == #"{"a":[100,null,true],"b":0.1}"#)
        #expect(JSONValue.string("a\"\\\n\u{1b}\u{9b}é").text == #""a\"\\\n\u001b\u009bé""#)
    }

    @Test(arguments: [
        ("a/./b//c", "a/b/c"), ("a/../b", "b"), ("../a", "../a"), (".", "."), ("/a/../..", "/.."), ("a/..", "."),
    ])
    func pathsAreNormalized(_ path: String, _ expected: String) { #expect(normalized(path) == expected) }
}
