// JSON that `runs` prints, as a test reads it. Knows JSON; does not know what it says.

import Foundation

/// Any JSON value.
public enum JSON: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case array([JSON])
    case object([String: JSON])

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    public var text: String? { if case .text(let value) = self { value } else { nil } }
    public var number: Double? { if case .number(let value) = self { value } else { nil } }
    public var integer: Int? { number.flatMap { Int(exactly: $0) } }
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public subscript(key: String) -> JSON? { if case .object(let value) = self { value[key] } else { nil } }

    /// The objects of a text with one a line; throws at the first line that is not an object.
    public static func lines(_ text: String) throws -> [[String: JSON]] {
        try text.split(separator: "\n").map { line in
            do {
                return try JSONDecoder().decode([String: JSON].self, from: Data(line.utf8))
            } catch {
                throw HarnessError("this line is not a JSON object: \(line)")
            }
        }
    }
}
