// Decodes typed values from JSON nodes and reports wrong types. Knows numbers, durations and objects; does not know
// what they mean to a stage.

import JSON
import Model

struct ValueDecoder {
    let problems: ProblemList

    func report(_ place: String, _ position: JSONPosition, _ message: String) { problems.add(place, position, message) }

    /// Passes every member of an object to `take`, which returns false for an unknown key. Ignores keys that begin with
    /// `x-`; reports unknown and duplicate keys.
    func fields(of node: JSONNode, _ place: String, known: [String], take: (JSONMember) -> Bool) {
        for member in names(of: node, place) where !take(member) {
            let hint = suggestion(for: member.name, among: known)
            report(join(place, member.name), member.position, "unknown key '\(member.name)'; \(hint)")
        }
    }

    /// The members of an object whose keys the user chooses.
    ///
    /// - Parameter keepsExtensions: whether to include keys that begin with `x-`.
    func names(of node: JSONNode, _ place: String, keepsExtensions: Bool = false) -> [JSONMember] {
        guard case .object(let members) = node.content else {
            wrongType(node, place, expected: "an object")
            return []
        }
        let counted = keepsExtensions ? members : members.filter { !$0.name.hasPrefix("x-") }
        guard counted.count > 1 else { return counted }
        var lines: [String: Int] = [:]
        return counted.filter { member in
            guard let line = lines.updateValue(member.position.line, forKey: member.name) else { return true }
            report(join(place, member.name), member.position, "duplicate key '\(member.name)', first on line \(line).")
            return false
        }
    }

    /// Reports duplicate keys, and numbers that cannot be compared, at any depth of a value.
    func check(_ node: JSONNode, _ place: String) {
        switch node.content {
        case .object:
            for member in names(of: node, place, keepsExtensions: true) {
                check(member.value, join(place, member.name))
            }
        case .array(let elements):
            for (index, element) in elements.enumerated() { check(element, "\(place)[\(index)]") }
        case .number(let text): checkNumber(text, place, node.position)
        case .null, .bool, .string: break
        }
    }

    func checkNumber(_ text: String, _ place: @autoclosure () -> String, _ position: JSONPosition) {
        guard text.utf8.count > 7, DecimalNumber(text)?.isBeyondLimits == true else { return }
        report(
            place(), position,
            "the number \(text.prefix(20))… is too large to compare: at most \(DecimalNumber.digitLimit) significant "
                + "digits, and exponents up to ±\(DecimalNumber.exponentLimit). Write it as a string.")
    }

    func elements(of node: JSONNode, _ place: @autoclosure () -> String, of what: String) -> [JSONNode]? {
        if case .array(let elements) = node.content { return elements }
        wrongType(node, place(), expected: "a list of \(what)")
        return nil
    }

    func text(_ node: JSONNode, _ place: @autoclosure () -> String) -> String? {
        guard case .string(let text) = node.content else {
            wrongType(node, place(), expected: "a string")
            return nil
        }
        if text.utf8.contains(0) {
            report(place(), node.position, "contains a NUL character, which no path or command can contain.")
            return nil
        }
        return text
    }

    func located(_ node: JSONNode, _ place: @autoclosure () -> String) -> Located<String>? {
        text(node, place()).map { Located(value: $0, position: node.position) }
    }

    /// Every string of a list.
    func texts(_ node: JSONNode, _ place: @autoclosure () -> String, of what: String) -> [Located<String>]? {
        guard let elements = elements(of: node, place(), of: what) else { return nil }
        return elements.enumerated().compactMap { index, element in located(element, "\(place())[\(index)]") }
    }

    func flag(_ node: JSONNode, _ place: @autoclosure () -> String) -> Bool? {
        if case .bool(let flag) = node.content { return flag }
        wrongType(node, place(), expected: "true or false")
        return nil
    }

    func wholeNumber(_ node: JSONNode, _ place: @autoclosure () -> String) -> Int? {
        guard case .number(let text) = node.content else {
            wrongType(node, place(), expected: "a whole number")
            return nil
        }
        if let value = Double(text).flatMap({ Int(exactly: $0) }), (0...1_000_000_000).contains(value) { return value }
        report(place(), node.position, "\(text) is not a whole number of 0 or more.")
        return nil
    }

    func quantity(_ node: JSONNode, _ place: @autoclosure () -> String) -> Quantity? {
        guard case .number(let text) = node.content else {
            wrongType(node, place(), expected: "a number")
            return nil
        }
        if let quantity = Double(text).flatMap({ Quantity($0) }) { return quantity }
        report(place(), node.position, "\(text) is not a number of 0 or more with at most three decimals.")
        return nil
    }

    /// Seconds.
    func duration(_ node: JSONNode, _ place: @autoclosure () -> String, mayBeZero: Bool) -> Double? {
        guard let text = textOrNumber(node), let value = seconds(ofDuration: text) else {
            let shown = textOrNumber(node).map { "'\($0)'" } ?? describe(node)
            report(
                place(), node.position,
                "\(shown) is not a duration; use \"500ms\", \"90s\", \"10m\", \"4h\", \"1d\" or a number of seconds.")
            return nil
        }
        if value > 0 || mayBeZero { return value }
        report(place(), node.position, "the duration must be greater than 0.")
        return nil
    }

    /// Bytes.
    func size(_ node: JSONNode, _ place: @autoclosure () -> String) -> Int64? {
        guard let text = textOrNumber(node), let value = bytes(ofSize: text) else {
            let shown = textOrNumber(node).map { "'\($0)'" } ?? describe(node)
            report(
                place(), node.position,
                "\(shown) is not a size; use \"16GiB\" (powers of 1024), \"16GB\" (powers of 1000) or a number of "
                    + "bytes."
            )
            return nil
        }
        if value > 0 { return value }
        report(place(), node.position, "the size must be greater than 0.")
        return nil
    }

    func textOrNumber(_ node: JSONNode) -> String? {
        switch node.content {
        case .string(let text): text
        case .number(let text): JSONValue.number(text).canonicalText
        default: nil
        }
    }

    func wrongType(_ node: JSONNode, _ place: String, expected: String) {
        report(place, node.position, "must be \(expected), but is \(describe(node)).")
    }

    private func describe(_ node: JSONNode) -> String {
        switch node.content {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let text): "the number \(text)"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// `stages` and `train` become `stages.train`.
func join(_ place: String, _ name: String) -> String { place.isEmpty ? name : "\(place).\(name)" }

/// Whether the text is a valid name of a stage or an axis: not empty, and only `[A-Za-z0-9_-]`.
func isPlainName(_ text: String) -> Bool {
    !text.isEmpty
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
}
