// A JSON value as in its file, with key order, duplicates and positions. Knows the syntax tree; does not know what a
// key means.

import Model

/// A position in a text. Lines and columns count from 1, columns in Unicode scalars.
public struct JSONPosition: Hashable, Sendable {
    public let line: Int
    public let column: Int
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A value and its position.
public struct JSONNode: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case null
        case bool(Bool)
        /// As written.
        case number(String)
        case string(String)
        case array([JSONNode])
        /// In the order of the file; keys may be duplicates.
        case object([JSONMember])
    }

    public let content: Content
    public let position: JSONPosition

    public var line: Int { position.line }
    public var column: Int { position.column }

    public init(_ content: Content, at position: JSONPosition) {
        self.content = content
        self.position = position
    }

    /// The value without positions.
    public var value: JSONValue {
        switch content {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .number(let text): .number(text)
        case .string(let text): .string(text)
        case .array(let elements): .array(elements.map(\.value))
        case .object(let members): .object(members.map { JSONValue.Member(name: $0.name, value: $0.value.value) })
        }
    }
}

/// One `"name": value` of an object, and the position of the name.
public struct JSONMember: Hashable, Sendable {
    public let name: String
    public let position: JSONPosition
    public let value: JSONNode

    public init(name: String, at position: JSONPosition, value: JSONNode) {
        self.name = name
        self.position = position
        self.value = value
    }
}
