// YAML as the same tree as JSON: types by the core schema, numbers as written, anchors and merge keys, mistakes with
// their place.

import DataFormats
import JSON
import Model
import Testing

@Suite struct YAMLReaderTests {
    private func read(_ text: String) throws -> String { try YAMLReader.read(Array(text.utf8)).value.text }

    @Test(arguments: [
        ("a: 0.10", "0.10"), ("a: 1e-3", "1e-3"), ("a: .5", "0.5"), ("a: +3", "3"), ("a: 5.", "5"), ("a: 007", "7"),
        ("a: 18446744073709551615", "18446744073709551615"), ("a: 0x1F", "31"), ("a: 0o17", "15"),
        ("a: 0xFFFFFFFFFFFFFFFFFF", "4722366482869645213695"), ("a: -1.5e+10", "-1.5e+10"), ("a: true", "true"),
        ("a: False", "false"), ("a: ~", "null"), ("a:", "null"), ("a: Null", "null"), ("a: yes", #""yes""#),
        ("a: 1_000", #""1_000""#), ("a: 2026-01-31", #""2026-01-31""#),
        ("a: 2026-01-31T10:00:00Z", #""2026-01-31T10:00:00Z""#),
        ("a: 12:30", #""12:30""#), ("a: '1'", #""1""#), ("a: \"true\"", #""true""#), ("a: !!str 1", #""1""#),
        ("a: !!float '1.5'", "1.5"), ("a: [1, {b: 2}]", #"[1,{"b":2}]"#), ("a:\n  - x\n  - y z\n", #"["x","y z"]"#),
        ("a: |\n  one\n  two\n", #""one\ntwo\n""#), ("a: >-\n  one\n  two\n", #""one two""#),
        ("a: '# no comment' # comment", ##""# no comment""##),
        ("a: é", #""é""#), ("a: 1e5000", "1e5000"), ("a: {}", "{}"), ("a: []", "[]"), ("a: '.inf'", #"".inf""#),
        ("a: 0b1", #""0b1""#),
    ]) func values(text: String, json: String) throws { #expect(try read(text) == #"{"a":\#(json)}"#) }

    @Test(arguments: [
        ("", "{}"), ("# only a comment\n", "{}"), ("---\n...\n", "{}"), ("null", "{}"),
        ("%YAML 1.2\n---\na: 1\n", #"{"a":1}"#),
        ("\u{FEFF}a: 1", #"{"a":1}"#), ("b: 1\na: 2\n", #"{"b":1,"a":2}"#),
        ("1: x\ntrue: y\n", #"{"1":"x","true":"y"}"#),
        ("a: &x {k: 1}\nb: *x\n", #"{"a":{"k":1},"b":{"k":1}}"#),
        ("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\n", #"{"a":{"k":1,"l":2},"b":{"l":3,"k":1}}"#),
        (
            "a: &x {k: 1}\nb: &y {k: 2, m: 2}\nc: {<<: [*x, *y]}\n",
            #"{"a":{"k":1},"b":{"k":2,"m":2},"c":{"k":1,"m":2}}"#
        ),
        ("a: {'<<': 1}", #"{"a":{"<<":1}}"#), ("a: &x 1\nb: &x 2\nc: *x\n", #"{"a":1,"b":2,"c":2}"#),
    ]) func documents(text: String, json: String) throws { #expect(try read(text) == json) }

    @Test(arguments: [
        ("a: [1, 2\n", 2, 1, "did not find expected ',' or ']'"), ("a: 1\n\tb: 2\n", 2, 1, "found a tab character"),
        ("a: .inf", 1, 4, "'.inf' is not a number"), ("a: -.Inf", 1, 4, "write it as a string"),
        ("a: .nan", 1, 4, "not a number"),
        ("a: *x", 1, 4, "'x' is not defined"), ("a: &x [*x]", 1, 8, "'x' contains itself"),
        ("a: 1\n--- \nb: 2\n", 2, 1, "more than one document"),
        ("? [1]\n: 2\n", 1, 3, "a key must be a plain value"), ("a: !!binary aGk=", 1, 4, "'!!binary'"),
        ("a: !x 1", 1, 4, "'!x'"),
        ("a: !!set {x}", 1, 4, "'!!set'"), ("a: {<<: 1}", 1, 5, "'<<' must be an object"),
        ("a: !!int x", 1, 4, "does not fit 'x'"),
        ("é: 1\nb: @x\n", 2, 4, "cannot start any token"),
    ]) func mistakes(text: String, line: Int, column: Int, message: String) {
        let error = #expect(throws: DataReadError.self) { _ = try read(text) }
        #expect(error?.position == JSONPosition(line: line, column: column))
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func invalidBytesAreAMistake() {
        let error = #expect(throws: DataReadError.self) { _ = try YAMLReader.read(Array("a: 1\nb: ".utf8) + [0xFF]) }
        #expect(error?.position == JSONPosition(line: 2, column: 4))
    }

    @Test func noFileExhaustsMemoryOrStack() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: DataReadError.self) { _ = try read(deep) }
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let error = #expect(throws: DataReadError.self) { _ = try read(bomb) }
        #expect(error?.message.contains("1000000 values") == true)
    }
}
