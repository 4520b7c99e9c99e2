// JSON values: params, metrics, event fields. Knows how to write them; the module `JSON` reads them.

/// A JSON value. Objects keep the order of their keys, numbers keep their spelling.
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The number as it was spelled (`0.10` stays `0.10`), always a valid JSON number.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One `"name": value` of an object.
    public struct Member: Hashable, Sendable {
        public let name: String
        public let value: JSONValue
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// A finite double as a number; NaN and the infinities, which JSON lacks, as null.
    public static func double(_ value: Double) -> JSONValue { value.isFinite ? .number("\(value)") : .null }

    public static func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(members.compactMap { name, value in value.map { Member(name: name, value: $0) } })
    }

    /// The value as a double, if it is a number.
    public var doubleValue: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    /// The first member with that name, if the value is an object.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// Compact JSON text: no white space, keys in their order.
    public var text: String {
        var output = ""
        write(to: &output)
        return output
    }

    /// The canonical text, equal for equal values and only for these: keys sorted, numbers as `DecimalNumber` has them.
    public var canonicalText: String { canonical.text }

    /// The value that stands for all equal ones.
    public var canonical: JSONValue {
        switch self {
        case .null, .bool, .string: self
        case .number(let spelled): .number(Self.canonicalNumber(spelled))
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let members):
            .object(members.map { Member(name: $0.name, value: $0.value.canonical) }.sorted { $0.name < $1.name })
        }
    }

    private static func canonicalNumber(_ spelled: String) -> String {
        // Most numbers are small integers.
        if let integer = Int64(spelled) { return String(integer) }
        return DecimalNumber(spelled)?.text ?? spelled
    }

    /// Appends the compact JSON text.
    public func write(to output: inout String) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .number(let text): output += text
        case .string(let text): Self.write(string: text, to: &output)
        case .array(let elements):
            output += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { output += "," }
                element.write(to: &output)
            }
            output += "]"
        case .object(let members):
            output += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { output += "," }
                Self.write(string: member.name, to: &output)
                output += ":"
                member.value.write(to: &output)
            }
            output += "}"
        }
    }

    private static func write(string: String, to output: inout String) {
        output += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            // C0, DEL and C1 control characters are escaped: a terminal may execute them.
            case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
