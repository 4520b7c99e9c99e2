// Values in readable form, and untrusted text in Markdown.

import Model
import Testing

@testable import Report

@Suite struct ValueTextTests {
    @Test(arguments: [
        ("1", "1"), ("1.0", "1"), ("-0.0", "0"), ("0.05", "0.05"), ("0.964601769", "0.9646"), ("0.99999999", "1.0"),
        ("0.0009133264218", "9.133e-4"), ("1.234567e-300", "1.235e-300"), ("9.99999999e-5", "1.0e-4"),
        ("-1234567890.5", "-1.235e9"), ("123456.789", "123456.789"), ("1e400", "1e400"),
        ("12345678901234567890", "12345678901234567890"),
        ("1e-5", "1e-5"), ("true", "true"), ("5e-324", "5e-324"), ("4.9406564584124654e-324", "4.941e-324"),
    ])
    func numbersAreShortenedNotChanged(spelled: String, shown: String) {
        #expect(valueText(.number(spelled)) == shown)
    }

    @Test func stringsAreShownWithoutQuotesAndSafe() {
        #expect(valueText(.string("iris")) == "iris")
        #expect(valueText(.string("a\u{1b}[31m\n")) == "a\\e[31m\\n")
        #expect(valueText(.array([.string("x"), .null])) == "[\"x\",null]")
        #expect(
            valuesText([("lr", .number("0.1")), ("b\n", .string("c")), ("d", .null)], limit: 2) == "lr=0.1 b\\n=c +1")
    }

    @Test(arguments: [
        ("param lr changed: 0.1 → 0.2", "param lr changed: 0.1 → 0.2"), ("a_b*c", "a\\_b\\*c"), ("<b>", "\\<b\\>"),
        ("[x](y)", "\\[x\\](y)"), ("ask @someone, #12", "ask @&#8203;someone, #&#8203;12"),
        ("`x` \\ | &amp;", "\\`x\\` \\\\ | \\&amp;"),
        ("two\nlines", "two\\\\nlines"), ("![i](u)", "\\!\\[i\\](u)"),
    ])
    func markupIsText(text: String, expected: String) {
        #expect(markdownText(text) == expected)
    }

    @Test(arguments: [
        ("train@lr=1", "`train@lr=1`"), ("a`b", "``a`b``"), ("``", "``` `` ```"), ("", ""), ("x\ny", "`x\\ny`"),
    ])
    func codeIsFencedByMoreThanItHolds(text: String, expected: String) {
        #expect(markdownCode(text) == expected)
    }
}
