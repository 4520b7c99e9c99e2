// Parses text with `${{ … }}`. Knows the grammar; does not know values.

import Model

/// A parsed text.
struct Template {
    indirect enum Expression: Equatable {
        case matrix(String)
        case params(String)
        case inputs(String)
        case outputs(String)
        case stageName
        /// `resources.NAME` and `stage.attempt`
        case late(LateValue)
        /// `json(params)`
        case allParams
        /// Not quoted in a shell command.
        case raw(Expression)
    }

    enum Segment: Equatable {
        case text(String)
        case value(Expression)
    }

    private(set) var segments: [Segment] = []

    /// Calls `report` for each syntax error; what is malformed is left out.
    init(_ text: String, report: (String) -> Void) {
        guard text.utf8.contains(UInt8(ascii: "{")) else {
            segments = [.text(text)]
            return
        }
        let bytes = Array(text.utf8)
        var start = 0
        while let open = Self.firstIndex(of: "${{", in: bytes, from: start) {
            if open > start { segments.append(.text(String(decoding: bytes[start..<open], as: UTF8.self))) }
            guard let close = Self.firstIndex(of: "}}", in: bytes, from: open + 3) else {
                report("missing '}}' after '${{'.")
                return
            }
            let inside = String(decoding: bytes[(open + 3)..<close], as: UTF8.self)
            if let expression = Self.expression(inside[...], report: report) { segments.append(.value(expression)) }
            start = close + 2
        }
        if start < bytes.count { segments.append(.text(String(decoding: bytes[start...], as: UTF8.self))) }
    }

    private static func firstIndex(of mark: StaticString, in bytes: [UInt8], from start: Int) -> Int? {
        let count = mark.utf8CodeUnitCount
        guard bytes.count - start >= count else { return nil }
        return mark.withUTF8Buffer { mark in
            (start...(bytes.count - count)).first { index in
                bytes[index] == mark[0] && bytes[index..<(index + count)].elementsEqual(mark)
            }
        }
    }

    private static func expression(_ inside: Substring, report: (String) -> Void) -> Expression? {
        let text = trimmed(inside)
        if text == "stage.name" { return .stageName }
        if let value = lateValues.first(where: { $0.name == text })?.value { return .late(value) }
        if text.hasPrefix("json("), text.hasSuffix(")") {
            if trimmed(text.dropFirst(5).dropLast()) == "params" { return .allParams }
        } else if text.hasPrefix("raw("), text.hasSuffix(")") {
            return expression(text.dropFirst(4).dropLast(), report: report).map { .raw($0) }
        } else if let dot = text.firstIndex(of: ".") {
            let name = String(text[text.index(after: dot)...])
            if isReference(name) {
                switch text[..<dot] {
                case "matrix": return .matrix(name)
                case "params": return .params(name)
                case "inputs": return .inputs(name)
                case "outputs": return .outputs(name)
                default: break
                }
            }
        }
        if text.hasPrefix("resources.") || text.hasPrefix("stage.") {
            let names = ["stage.name"] + lateValues.map(\.name)
            let longer = names.first { $0.hasPrefix(text) }
            let hint = longer.map { "did you mean '\($0)'?" } ?? suggestion(for: String(text), among: names)
            report("invalid template '${{ \(text) }}'; \(hint)")
            return nil
        }
        report(
            "invalid template '${{ \(text) }}'; use matrix.NAME, params.NAME, inputs.NAME, outputs.NAME, "
                + "resources.NAME, stage.name, stage.attempt, json(params), or raw(…) around one of them.")
        return nil
    }

    static let lateValues: [(name: String, value: LateValue)] = [
        ("resources.cpus", .cpus), ("resources.memory_bytes", .memoryBytes), ("resources.gpus", .gpus),
        ("stage.attempt", .attempt),
    ]

    private static func trimmed(_ text: Substring) -> Substring {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let start = text.utf8.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return "" }
        return Substring(start[...last])
    }
}

extension Template.Expression: CustomStringConvertible {
    /// As written in a file.
    var description: String {
        switch self {
        case .matrix(let name): "matrix.\(name)"
        case .params(let name): "params.\(name)"
        case .inputs(let name): "inputs.\(name)"
        case .outputs(let name): "outputs.\(name)"
        case .stageName: "stage.name"
        case .late(.matches(let name)): "inputs.\(name)"
        case .late(let value): Template.lateValues.first { $0.value == value }?.name ?? ""
        case .allParams: "json(params)"
        case .raw(let inner): "raw(\(inner))"
        }
    }
}

/// Whether the text can be used as a name in a template: not empty, without whitespace, quotes and brackets.
func isReference(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"\"'`(){}".utf8.contains($0) }
}
