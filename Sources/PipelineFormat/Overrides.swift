// The values of `--set`: parsed by what they replace, and checked. Knows where params may come from; does not apply
// anything.

import JSON
import Model

struct Overrides {
    /// Everything that gives params: each is one object.
    private let layers: [ParamTree]
    private let problems: ProblemList

    init(_ document: PipelineDocument, _ templates: [StageDocument], problems: ProblemList) {
        var axes = document.axes.map(\.value)
        for template in templates {
            if case .own(let own, _)? = template.matrix { axes += own.map(\.value) }
        }
        let overlays = axes.flatMap { $0.values.flatMap { $0.overlay?.params ?? [] } }
        layers = (document.paramLayers + templates.flatMap(\.settings.params) + overlays).map { ParamTree($0) }
        self.problems = problems
    }

    /// Reports params that the pipeline does not have, values of the wrong type, and what is set twice.
    func checked(_ written: [(name: String, value: String)]) -> [(name: String, value: JSONValue)] {
        var result: [(name: String, value: JSONValue)] = []
        var set: [String: String] = [:]
        for (name, text) in written {
            let place = "--set \(name)"
            let replaced = layers.compactMap { $0.value(at: name) }.filter { $0 != .null }
            if replaced.isEmpty, !layers.contains(where: { $0.value(at: name) != nil }) {
                let known = Set(layers.flatMap(\.paths)).sorted()
                problems.add(place, nil, "unknown param '\(name)'; \(suggestion(for: name, among: known))")
                continue
            }
            guard let value = value(of: text, name, replacing: replaced) else { continue }
            for leaf in ParamTree.leaves(of: value, at: [name]).map(\.name) {
                let earlier = set.first { other, _ in
                    other == leaf || other.hasPrefix(leaf + ".") || leaf.hasPrefix(other + ".")
                }
                if let earlier {
                    problems.add(
                        place, nil, "the param '\(leaf)' is set twice: '\(earlier.value)' and '\(name)=\(text)'.")
                }
                set[leaf] = "\(name)=\(text)"
            }
            result.append((name, value))
        }
        return result
    }

    /// The value, and nil after a problem was reported. Text that is not JSON is taken for a number or a boolean where
    /// it replaces one and has one meaning.
    private func value(of text: String, _ name: String, replacing old: [JSONValue]) -> JSONValue? {
        let place = "--set \(name)"
        if let node = try? JSONReader.read(Array(text.utf8), dialect: .pipeline) {
            let inside = ValueDecoder(problems: ProblemList())
            inside.check(node, "")
            for problem in inside.problems.all {
                problems.add(place, nil, "\(problem.place.isEmpty ? "" : problem.place + ": ")\(problem.message)")
            }
            return inside.problems.isEmpty ? node.value : nil
        }
        guard let example = old.first else { return .string(text) }
        if old.allSatisfy({ if case .number = $0 { true } else { false } }) {
            if let number = Self.number(text) { return number }
            let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Self.number(String($0)) }
            if parts.count > 1, parts.allSatisfy({ $0 != nil }) {
                problems.add(
                    place, nil,
                    "'\(text)' is several numbers, and a run has one value of '\(name)'; use one `runs exec --set` for "
                        + "each, or a matrix in the pipeline. For a list write '[\(text)]'.")
            } else {
                refuse(text, place, "'\(name)' is a number, such as \(example.text)")
            }
            return nil
        }
        if old.allSatisfy({ if case .bool = $0 { true } else { false } }) {
            if let flag = Self.flag(text) { return .bool(flag) }
            refuse(text, place, "'\(name)' is true or false")
            return nil
        }
        if old.allSatisfy({ if case .array = $0 { true } else { false } }) {
            refuse(text, place, "'\(name)' is a list, such as '\(example.text)'")
            return nil
        }
        if old.allSatisfy({ if case .object = $0 { true } else { false } }) {
            refuse(
                text, place,
                "'\(name)' is an object; set one of its params, such as '\(name).\(Self.member(of: example))'")
            return nil
        }
        return .string(text)
    }

    private static func member(of value: JSONValue) -> String {
        if case .object(let members) = value, let first = members.first { return first.name }
        return "NAME"
    }

    private func refuse(_ text: String, _ place: String, _ type: String) {
        problems.add(
            place, nil, "'\(text)' is not a valid value: \(type). To set a text, quote it twice: '\"\(text)\"'.")
    }

    /// Numbers that JSON does not have: `.5`, `+0.3`, `1.`. Leading zeros may mean an octal number.
    private static func number(_ text: String) -> JSONValue? {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        let isPadded =
            digits.first == UInt8(ascii: "0")
            && digits.dropFirst().first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } == true
        guard !isPadded, let number = DecimalNumber(text), !number.isBeyondLimits else { return nil }
        return .number(number.text)
    }

    private static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }
}
