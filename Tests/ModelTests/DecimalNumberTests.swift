// Numbers are compared by value and exactly, whatever their size and spelling.

import Model
import Testing

@Suite struct DecimalNumberTests {
    @Test(arguments: [
        (["0", "-0", "0.0", "-0.00", "0e5", "0E-999999999999"], "0"),
        (["0.10", "0.1", "1e-1", "10e-2", "+.1", "1E-1"], "0.1"),
        (["100", "1e2", "1.0E+2", "100.000"], "100"), (["-2.50", "-25e-1", "-0.25e1"], "-2.5"),
        (["0.000001", "1e-6"], "0.000001"), (["0.0000001", "1e-7", "1e-07"], "1e-7"), (["1.5e-7"], "1.5e-7"),
        (["1e20", "100000000000000000000"], "100000000000000000000"), (["1e21", "10e20"], "1e21"),
        (["18446744073709551614"], "18446744073709551614"),
        (["18446744073709551615", "18446744073709551615.0"], "18446744073709551615"),
        (["123456789012345678901234567890"], "1.2345678901234567890123456789e29"),
        (["0.1234567890123456789"], "0.1234567890123456789"), (["1e1000000"], "1e1000000"),
    ]) func spellingsOfOneNumber(spellings: [String], text: String) {
        for spelling in spellings { #expect(DecimalNumber(spelling)?.text == text, "\(spelling)") }
    }

    @Test(arguments: [
        "", "-", ".", "e5", "1e", "1e+", "1e5.5", "1.2.3", "0x10", "NaN", "Infinity", "1_000", " 1", "1,5", "١",
    ])
    func otherTexts(text: String) { #expect(DecimalNumber(text) == nil) }

    @Test func limits() {
        let digits = String(repeating: "7", count: 1_000)
        #expect(DecimalNumber(digits)?.isBeyondLimits == false)
        #expect(DecimalNumber(digits + "7")?.isBeyondLimits == true)
        #expect(DecimalNumber(digits + String(repeating: "0", count: 50))?.isBeyondLimits == false)
        #expect(DecimalNumber("1e1000000")?.isBeyondLimits == false)
        for beyond in ["1e1000001", "1e-1000001", "1e99999999999999999999", "-1e-99999999999999999999"] {
            #expect(DecimalNumber(beyond)?.isBeyondLimits == true, "\(beyond)")
        }
        #expect(DecimalNumber("0e99999999999999999999")?.isBeyondLimits == false)
    }

    /// The canonical text is a spelling of the same number, and two numbers never share it.
    @Test func theTextIsTheNumber() throws {
        var seen: [String: String] = [:]
        for digits in ["1", "12", "105", "99999999999999999999999"] {
            for exponent in -30...30 {
                let spelling = "\(digits)e\(exponent)"
                let text = try #require(DecimalNumber(spelling)?.text)
                #expect(DecimalNumber(text) == DecimalNumber(spelling))
                #expect(seen.updateValue(spelling, forKey: text) == nil, "\(spelling) is \(text)")
            }
        }
    }

    @Test func numbersInRecordedText() {
        #expect(
            withCanonicalNumbers(#"[1e-05,2.0,-0,"1e-05 \" 1.0",{"1.0":3e+20}]"#)
                == #"[0.00001,2,0,"1e-05 \" 1.0",{"1.0":300000000000000000000}]"#)
        #expect(withCanonicalNumbers("true") == "true")
    }
}
