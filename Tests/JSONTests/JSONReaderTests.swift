// What is read and what is rejected, with positions.

import JSON
import Model
import TestSupport
import Testing

@Suite struct JSONReaderTests {
    private func value(_ text: String, _ dialect: JSONDialect = .pipeline) throws -> String {
        try JSONReader.value(of: Array(text.utf8), dialect: dialect).text
    }

    @Test(arguments: [
        ("null", "null"), (" true ", "true"), ("false", "false"), ("\"a\"", "\"a\""), ("[]", "[]"), ("{}", "{}"),
        ("0", "0"), ("-0.10", "-0.10"), ("1e5", "1e5"), ("2.5E-3", "2.5E-3"),
        ("[1, [2], {\"a\": []}]", "[1,[2],{\"a\":[]}]"),
        ("{\"b\": 1, \"a\": 2, \"b\": 3}", "{\"b\":1,\"a\":2,\"b\":3}"),
        ("\"\\\"\\\\\\/\\n\\t\\r\"", "\"\\\"\\\\/\\n\\t\\r\""),
        ("\"\\u00e9\\ud83d\\ude00\"", "\"é😀\""), ("\"é😀\"", "\"é😀\""), ("\"\\u0000\"", "\"\\u0000\""),
        ("\u{FEFF}{\"a\":1}", "{\"a\":1}"),
    ]) func reads(text: String, expected: String) throws {
        #expect(try value(text) == expected)
        #expect(try value(text, .metrics) == expected)
    }

    @Test(arguments: [
        ("[1, 2,]", "[1,2]"), ("{\"a\": 1,}", "{\"a\":1}"), ("// one\n[1, /* two\n */ 2] // three", "[1,2]"),
        ("/**/1", "1"), ("[/*,*/]", "[]"),
    ]) func readsPipelineDialect(text: String, expected: String) throws {
        #expect(try value(text) == expected)
        #expect(throws: JSONReadError.self) { try value(text, .metrics) }
    }

    @Test(arguments: [
        ("NaN", "NaN"), ("[Infinity, -Infinity]", "[Infinity,-Infinity]"), ("{\"loss\": NaN}", "{\"loss\":NaN}"),
    ]) func readsMetricsDialect(text: String, expected: String) throws {
        #expect(try value(text, .metrics) == expected)
        #expect(throws: JSONReadError.self) { try value(text) }
    }

    @Test(arguments: [
        ("", 1, 1, "expected a value"), ("[", 1, 2, "unexpected end"), ("{\"a\" 1}", 1, 6, "expected ':'"),
        ("{a: 1}", 1, 2, "quoted key, found 'a'"), ("[1 2]", 1, 4, "expected ',' or ']', found '2'"),
        ("[1]]", 1, 4, "after the end"), ("[,]", 1, 2, "expected a value"), ("[1,,2]", 1, 4, "expected a value"),
        ("tru", 1, 1, "expected a value"), ("truely", 1, 1, "expected a value"), ("01", 1, 1, "invalid number"),
        ("1.", 1, 3, "expected a digit"), ("-", 1, 2, "expected a digit"), ("1e", 1, 3, "expected a digit"),
        ("+1", 1, 1, "expected a value"), (".5", 1, 1, "expected a value"), ("0x1", 1, 1, "invalid number"),
        ("\n\n  \"abc", 3, 3, "unterminated string"), ("\"a\nb\"", 1, 3, "line break in a string"),
        ("\"a\tb\"", 1, 3, "control character"), ("\"\\x\"", 1, 2, "invalid escape"),
        ("\"é\\u12g4\"", 1, 3, "four hexadecimal"), ("\"\\ud800\"", 1, 2, "surrogate"),
        ("\"\\udc00\"", 1, 2, "surrogate"), ("\"\\ud800\\ud800\"", 1, 2, "surrogate"),
        ("[1, /* never", 1, 5, "unterminated comment"), ("[1 / 2]", 1, 4, "unexpected '/'"),
        ("{\"é\": 1, é}", 1, 10, "found 'é'"), ("/* é\n é */ x", 2, 7, "found 'x'"),
    ]) func reportsMistakes(text: String, line: Int, column: Int, message: String) {
        do {
            _ = try JSONReader.read(Array(text.utf8), dialect: .pipeline)
            Issue.record("'\(text)' was read")
        } catch {
            #expect(error.line == line && error.column == column && error.message.contains(message), "\(error)")
        }
    }

    @Test(
        arguments: [
            ([0x22, 0xFF, 0x22], 1), ([0x22, 0x61, 0xC0, 0x80, 0x22], 2), ([0x22, 0xED, 0xA0, 0x80, 0x22], 1),
            ([0x22, 0xE2, 0x82], 1), ([0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], 1), ([0x22, 0x80, 0x22], 1),
            ([0x22, 0xF0, 0x9F, 0x98, 0x22], 1), ([0x22, 0xE0, 0x9F, 0xBF, 0x22], 1),
        ] as [([UInt8], Int)]) func reportsInvalidUTF8(bytes: [UInt8], offset: Int)
    {
        #expect {
            try JSONReader.read(bytes, dialect: .pipeline)
        } throws: {
            "\($0)".contains("invalid UTF-8 at byte \(offset) ")
        }
    }

    @Test func limitsDepth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try value(nested(JSONReader.depthLimit)) == nested(JSONReader.depthLimit))
        #expect { try value(nested(JSONReader.depthLimit + 1)) } throws: { "\($0)".contains("levels deep") }
        #expect(throws: JSONReadError.self) { try value(String(repeating: "{\"a\":", count: 1_000_000)) }
    }

    @Test func keepsPositions() throws {
        let node = try JSONReader.read(Array("{\n  \"é\": [true,\n    { \"x\": 1 }]\n}".utf8), dialect: .pipeline)
        guard case .object(let members) = node.content, case .array(let elements) = members[0].value.content,
            case .object(let inner) = elements[1].content
        else {
            Issue.record("unexpected shape")
            return
        }
        #expect(members[0].position == JSONPosition(line: 2, column: 3))
        #expect(members[0].value.position == JSONPosition(line: 2, column: 8))
        #expect(elements[1].position == JSONPosition(line: 3, column: 5))
        #expect(inner[0].value.position == JSONPosition(line: 3, column: 12))
    }

    /// What the model writes is read back unchanged, and no corruption of it traps.
    @Test(arguments: testSeeds(count: 4)) func survivesRandomBytes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let value = random.value(depth: 4)
            var bytes = Array(value.text.utf8)
            #expect(try JSONReader.value(of: bytes, dialect: .pipeline) == value, "seed \(seed)")
            for _ in 0..<5 where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                if let read = try? JSONReader.value(of: bytes, dialect: .pipeline) {
                    #expect(try JSONReader.value(of: Array(read.text.utf8), dialect: .pipeline) == read, "seed \(seed)")
                }
            }
        }
    }
}

extension SeededGenerator {
    fileprivate mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &self) {
        case 0: .null
        case 1: .bool(Bool.random(using: &self))
        case 2: .number(["0", "-1", "1.50", "1e9", "12345678901234567890"].randomElement(using: &self) ?? "0")
        case 3, 4: .string(text())
        case 5: .array((0..<Int.random(in: 0..<4, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            .object(
                (0..<Int.random(in: 0..<4, using: &self)).map { _ in
                    JSONValue.Member(name: text(), value: value(depth: depth - 1))
                })
        }
    }

    private mutating func text() -> String {
        let alphabet: [Unicode.Scalar] = ["a", "\"", "\\", "\n", "\0", "é", "😀", "/", " ", "\u{7F}", "\u{9B}"]
        var text = ""
        for _ in 0..<Int.random(in: 0..<6, using: &self) {
            text.unicodeScalars.append(alphabet.randomElement(using: &self) ?? "a")
        }
        return text
    }
}
