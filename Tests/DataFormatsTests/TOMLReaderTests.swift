// TOML as the same tree as JSON: values as written, tables in all forms, mistakes with their place.

import DataFormats
import JSON
import Model
import Testing

@Suite struct TOMLReaderTests {
    private func read(_ text: String) throws -> String { try TOMLReader.read(Array(text.utf8)).value.text }

    @Test(arguments: [
        ("0.10", "0.10"), ("1e-3", "1e-3"), ("+3", "3"), ("1_000", "1000"), ("-0.5", "-0.5"),
        ("6.626e-34", "6.626e-34"),
        ("18446744073709551615", "18446744073709551615"), ("0x1F", "31"), ("0o17", "15"), ("0b101", "5"),
        ("0xdead_beef", "3735928559"),
        ("0.1234567890123456789", "0.1234567890123456789"), ("true", "true"), ("false", "false"),
        (#""a\tb\u00e9\U0001F600""#, #""a\tbé😀""#),
        ("'C:\\x'", #""C:\\x""#), ("\"\"\"\none\ntwo\\\n   three\"\"\"", #""one\ntwothree""#),
        ("'''\nraw \\n'''", #""raw \\n""#),
        ("\"\"\"a\"\"b\"\"\"\"", #""a\"\"b\"""#), ("1979-05-27", #""1979-05-27""#), ("07:32:00.5", #""07:32:00.5""#),
        ("1979-05-27 07:32:00", #""1979-05-27 07:32:00""#),
        ("1979-05-27T00:32:00-07:00", #""1979-05-27T00:32:00-07:00""#),
        ("1979-05-27T07:32:00Z", #""1979-05-27T07:32:00Z""#), ("[1, [2, 3], 'x', ]", #"[1,[2,3],"x"]"#),
        ("[ # c\n 1, # d\n 2\n]", "[1,2]"),
        ("[]", "[]"), ("{}", "{}"), ("{ b = 1, c.d = 2 }", #"{"b":1,"c":{"d":2}}"#), ("''", #""""#),
    ]) func values(text: String, json: String) throws {
        #expect(try read("a = \(text) # end\r\n") == #"{"a":\#(json)}"#)
    }

    @Test(arguments: [
        ("", "{}"), ("# c\n\n  \n", "{}"), ("\u{FEFF}a = 1", #"{"a":1}"#), ("b = 1\na = 2", #"{"b":1,"a":2}"#),
        ("a.b.c = 1\na.b.d = 2\na.e = 3", #"{"a":{"b":{"c":1,"d":2},"e":3}}"#),
        ("[a.b]\nc = 1\n[a]\nd = 2", #"{"a":{"b":{"c":1},"d":2}}"#),
        ("[ a . 'b c' ]\n\"d.e\" = 1", #"{"a":{"b c":{"d.e":1}}}"#),
        ("[[a]]\nb = 1\n[[a]]\n[a.c]\nd = 2\n[[a.e]]\nf = 3", #"{"a":[{"b":1},{"c":{"d":2},"e":[{"f":3}]}]}"#),
        ("1 = 2\n-_ = 3", #"{"1":2,"-_":3}"#),
    ]) func documents(text: String, json: String) throws { #expect(try read(text) == json) }

    @Test(arguments: [
        ("a = 1\na = 2", 2, 1, "duplicate key 'a'"), ("[a]\n[a]", 2, 2, "duplicate key 'a'"),
        ("a = 1\n[a.b]", 2, 2, "duplicate key 'a'"),
        ("a.b = 1\n[a]", 2, 2, "duplicate key 'a'"), ("[a.b]\n[a]\nb.c = 1", 3, 1, "duplicate key 'b'"),
        ("a = {b = 1}\n[a.c]", 2, 2, "duplicate key 'a'"),
        ("a = {b = 1}\na.c = 2", 2, 1, "duplicate key 'a'"), ("a = []\n[[a]]", 2, 3, "duplicate key 'a'"),
        ("[[a]]\n[a]", 2, 2, "duplicate key 'a'"),
        ("a = ", 1, 5, "expected a value, found the end of the file"), ("a 1", 1, 3, "expected '='"),
        ("= 1", 1, 1, "expected a key"),
        ("a = 1 b = 2", 1, 7, "expected the end of the line"), ("a = x", 1, 5, "'x' is not a value"),
        ("a = 007", 1, 5, "'007' is not"),
        ("a = 1__0", 1, 5, "not a value"), ("a = .5", 1, 5, "not a value"), ("a = 5.", 1, 5, "not a value"),
        ("a = inf", 1, 5, "write it as a string"),
        ("a = -nan", 1, 5, "write it as a string"), ("a = 1979-13-01", 1, 5, "not a value"),
        ("a = \"x\ny\"", 1, 7, "unterminated string"),
        ("é = 1", 1, 1, "expected a key"), (#"a = "\x41""#, 1, 6, "invalid escape"),
        ("a = [1 2]", 1, 8, "expected ',' or ']'"),
        ("a = {b = 1,}", 1, 12, "expected a key"), ("a = {\n}", 1, 6, "expected a key"), ("[a", 1, 3, "expected ']'"),
        ("a = '''x", 1, 5, "unterminated"),
    ]) func mistakes(text: String, line: Int, column: Int, message: String) {
        let error = #expect(throws: DataReadError.self) { _ = try read(text) }
        #expect(error?.position == JSONPosition(line: line, column: column), "\(String(describing: error))")
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func noFileExhaustsTheStack() {
        for text in [
            "a = " + String(repeating: "[", count: 100_000), "a" + String(repeating: ".a", count: 100_000) + " = 1",
            "a = \"\\u",
        ] {
            #expect(throws: DataReadError.self) { _ = try read(text) }
        }
    }

    @Test func invalidBytesAreAMistake() {
        let error = #expect(throws: DataReadError.self) {
            _ = try TOMLReader.read(Array("a = 1\nb = '".utf8) + [0xFF, 0x27])
        }
        #expect(error?.position == JSONPosition(line: 2, column: 6))
    }
}
