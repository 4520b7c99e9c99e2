// Reads YAML into the same tree as JSON, with places: anchors and merge keys are resolved, scalars by YAML's core schema.
// Knows events of libyaml; does not know what the values are for.

import CYAML
import JSON
import Model

public enum YAMLReader {
    /// The only document of the text; an empty object if there is none.
    ///
    /// Numbers keep their text. Dates are strings. Duplicate keys stay in the tree, for whoever checks it.
    public static func read(_ bytes: [UInt8]) throws(DataReadError) -> JSONNode {
        var events = YAMLEvents(bytes)
        defer { events.close() }
        return try events.document()
    }
}

/// The events of one text, and the nodes made from them.
private struct YAMLEvents {
    /// An alias repeats a node: a small file can stand for a huge tree.
    private static let nodeLimit = 1_000_000

    private let bytes: [UInt8]
    /// libyaml keeps pointers to both.
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let text: UnsafeMutablePointer<UInt8>
    private var event = yaml_event_t()
    private var anchors: [String: JSONNode] = [:]
    private var openAnchors: Set<String> = []
    private var nodeCount = 0
    private var depth = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        text = .allocate(capacity: max(1, bytes.count))
        text.initialize(from: bytes, count: bytes.count)
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text, bytes.count)
    }

    mutating func close() {
        yaml_event_delete(&event)
        yaml_parser_delete(parser)
        parser.deallocate()
        text.deallocate()
    }

    mutating func document() throws(DataReadError) -> JSONNode {
        // The start of the stream, then that of the document or the end.
        try next()
        try next()
        if event.type == YAML_STREAM_END_EVENT { return JSONNode(.object([]), at: JSONPosition(line: 1, column: 1)) }
        try next()
        let start = position
        let node = try node()
        try next()
        try next()
        guard event.type == YAML_STREAM_END_EVENT else {
            throw DataReadError("the file has more than one document", at: position)
        }
        return node.content == .null ? JSONNode(.object([]), at: start) : node
    }

    /// Of the current event.
    private var position: JSONPosition {
        JSONPosition(line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
    }

    private mutating func next() throws(DataReadError) {
        yaml_event_delete(&event)
        guard yaml_parser_parse(parser, &event) == 0 else { return }
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "invalid YAML"
        if state.error == YAML_READER_ERROR { throw DataReadError(problem, atByte: state.problem_offset, of: bytes) }
        throw DataReadError(
            problem,
            at: JSONPosition(line: Int(state.problem_mark.line) + 1, column: Int(state.problem_mark.column) + 1))
    }

    /// The node that the current event begins; afterwards the current event is its last.
    private mutating func node() throws(DataReadError) -> JSONNode {
        let start = position
        switch event.type {
        case YAML_ALIAS_EVENT:
            let name = string(event.data.alias.anchor) ?? ""
            guard let target = anchors[name] else {
                let what = openAnchors.contains(name) ? "contains itself" : "is not defined before it is used"
                throw DataReadError("the anchor '\(name)' \(what)", at: start)
            }
            try count(of: target, at: start)
            return target.moved(to: start)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let anchor = string(scalar.anchor)
            let node = JSONNode(try YAMLScalar(scalar).content(at: start), at: start)
            try count(of: node, at: start)
            if let anchor { anchors[anchor] = node }
            return node
        case YAML_SEQUENCE_START_EVENT:
            let (anchor, tag) = (string(event.data.sequence_start.anchor), string(event.data.sequence_start.tag))
            try YAMLScalar.checkTag(tag, of: "seq", at: start)
            return try collection(anchor, start) { events throws(DataReadError) in
                var elements: [JSONNode] = []
                while true {
                    try events.next()
                    if events.event.type == YAML_SEQUENCE_END_EVENT { return .array(elements) }
                    elements.append(try events.node())
                }
            }
        default:
            let (anchor, tag) = (string(event.data.mapping_start.anchor), string(event.data.mapping_start.tag))
            try YAMLScalar.checkTag(tag, of: "map", at: start)
            return try collection(anchor, start) { events throws(DataReadError) in .object(try events.members()) }
        }
    }

    private mutating func collection(
        _ anchor: String?, _ start: JSONPosition,
        _ content: (inout YAMLEvents) throws(DataReadError) -> JSONNode.Content
    ) throws(DataReadError) -> JSONNode {
        guard depth < depthLimit else { throw DataReadError("nested more than \(depthLimit) levels deep", at: start) }
        depth += 1
        nodeCount += 1
        if let anchor {
            anchors[anchor] = nil
            openAnchors.insert(anchor)
        }
        let node = JSONNode(try content(&self), at: start)
        if let anchor {
            openAnchors.remove(anchor)
            anchors[anchor] = node
        }
        depth -= 1
        return node
    }

    /// Members in the order of the file; those of merge keys after them, where no other has the name.
    private mutating func members() throws(DataReadError) -> [JSONMember] {
        var members: [JSONMember] = []
        var merged: [JSONMember] = []
        while true {
            try next()
            if event.type == YAML_MAPPING_END_EVENT { break }
            let start = position
            guard event.type == YAML_SCALAR_EVENT else {
                throw DataReadError("a key must be a plain value", at: start)
            }
            let scalar = event.data.scalar
            let key = string(scalar.value, count: scalar.length)
            let isMerge = key == "<<" && scalar.style == YAML_PLAIN_SCALAR_STYLE && scalar.tag == nil
            if let anchor = string(scalar.anchor) { anchors[anchor] = JSONNode(.string(key), at: start) }
            try next()
            let value = try node()
            if isMerge {
                merged += try Self.members(mergedFrom: value, at: start)
            } else {
                members.append(JSONMember(name: key, at: start, value: value))
            }
        }
        var names = Set(members.map(\.name))
        return members + merged.filter { names.insert($0.name).inserted }
    }

    /// An object, or a list of objects of which the first that has a name counts.
    private static func members(mergedFrom value: JSONNode, at position: JSONPosition) throws(DataReadError)
        -> [JSONMember]
    {
        switch value.content {
        case .object(let members): return members
        case .array(let elements):
            let objects = elements.compactMap { if case .object(let members) = $0.content { members } else { nil } }
            if objects.count == elements.count { return objects.flatMap(\.self) }
        default: break
        }
        throw DataReadError("'<<' must be an object or a list of objects", at: position)
    }

    private mutating func count(of node: JSONNode, at position: JSONPosition) throws(DataReadError) {
        nodeCount += node.size
        if nodeCount > Self.nodeLimit {
            throw DataReadError("the file stands for more than \(Self.nodeLimit) values", at: position)
        }
    }
}

private func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? { text.map { String(cString: $0) } }

/// A value may contain NUL.
private func string(_ text: UnsafeMutablePointer<yaml_char_t>?, count: Int) -> String {
    String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
}

extension JSONNode {
    fileprivate var size: Int {
        switch content {
        case .array(let elements): elements.reduce(1) { $0 + $1.size }
        case .object(let members): members.reduce(1) { $0 + $1.value.size }
        default: 1
        }
    }

    fileprivate func moved(to position: JSONPosition) -> JSONNode { JSONNode(content, at: position) }
}

/// A scalar and its type by YAML's core schema (1.2): `yes`, `1_000` and `12:30` are strings.
private struct YAMLScalar {
    private let text: String
    private let tag: String?
    private let isPlain: Bool

    init(_ scalar: yaml_event_s.__Unnamed_union_data.__Unnamed_struct_scalar) {
        text = string(scalar.value, count: scalar.length)
        tag = string(scalar.tag)
        isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
    }

    func content(at position: JSONPosition) throws(DataReadError) -> JSONNode.Content {
        let prefix = "tag:yaml.org,2002:"
        guard let tag else { return isPlain ? try resolved(at: position) : .string(text) }
        if tag == "!" || tag == prefix + "str" || tag == prefix + "timestamp" { return .string(text) }
        let isKnown = ["int", "float", "bool", "null"].contains { tag == prefix + $0 }
        let content = isKnown ? try resolved(at: position) : .null
        switch (content, tag.dropFirst(prefix.count)) {
        case (.number, "int"), (.number, "float"), (.bool, "bool"), (.null, "null"): return content
        default:
            throw DataReadError(
                "the tag '\(Self.shown(tag))' does not fit '\(text)', or is not supported", at: position)
        }
    }

    private func resolved(at position: JSONPosition) throws(DataReadError) -> JSONNode.Content {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        let unsigned = text.drop { $0 == "+" || $0 == "-" }
        if text.utf8.count - unsigned.utf8.count <= 1,
            [".inf", ".Inf", ".INF"].contains(unsigned) || [".nan", ".NaN", ".NAN"].contains(text)
        {
            throw DataReadError("'\(text)' is not a number that a param can have; write it as a string", at: position)
        }
        if let number = jsonNumber(text) { return .number(number) }
        for (prefix, base) in [("0x", 16), ("0o", 8)] where text.hasPrefix(prefix) {
            if let number = decimalText(ofDigits: text.dropFirst(2), base: base) { return .number(number) }
        }
        return .string(text)
    }

    /// Reports a tag of a list or an object that changes its type.
    static func checkTag(_ tag: String?, of kind: String, at position: JSONPosition) throws(DataReadError) {
        guard let tag, tag != "!", tag != "tag:yaml.org,2002:" + kind else { return }
        throw DataReadError("the tag '\(shown(tag))' is not supported", at: position)
    }

    private static func shown(_ tag: String) -> String {
        let prefix = "tag:yaml.org,2002:"
        return tag.hasPrefix(prefix) ? "!!" + tag.dropFirst(prefix.count) : tag
    }
}
