// Params as nested objects: merged level by level, found by path, flattened to their values. Knows names that contain
// dots themselves; does not know stages.

import Model

/// All params of a stage or a pipeline. A path is names joined by dots; where a name contains a dot itself, it is found
/// under its full name.
struct ParamTree {
    /// A value inside any number of objects.
    struct Leaf {
        /// The names on the way, from the top.
        let keys: [String]
        let value: JSONValue

        var name: String { keys.count == 1 ? keys[0] : keys.joined(separator: ".") }
    }

    private var top = TopLevel()

    init() {}

    init(_ members: [JSONValue.Member]) { merge(members) }

    /// The objects and values at the top.
    var members: [String: JSONValue] { top.members }

    func value(at path: String) -> JSONValue? { top.members[path] ?? find(path[...], in: top)?.value }

    /// Puts an object over this one. Objects are merged at every level; null removes what it finds, and is a value
    /// where it finds nothing.
    mutating func merge(_ members: [JSONValue.Member]) {
        for member in members { put(member.value, at: member.name[...], into: &top) }
    }

    /// Every value that is not an object with members, in no order.
    var leaves: [Leaf] { top.members.flatMap { Self.leaves(of: $0.value, at: [$0.key]) } }

    /// The values at and below a path; empty if it does not exist.
    func leaves(at path: String) -> [Leaf] {
        find(path[...], in: top).map { Self.leaves(of: $0.value, at: $0.keys) } ?? []
    }

    /// The same; if an object on the way is a plain value now, that.
    func leaves(atOrAbove path: String) -> [Leaf] {
        if let found = find(path[...], in: top) { return Self.leaves(of: found.value, at: found.keys) }
        for dot in path.indices.reversed() where path[dot] == "." {
            guard let found = find(path[..<dot], in: top) else { continue }
            if case .object(let members) = found.value, !members.isEmpty { return [] }
            return [Leaf(keys: found.keys, value: found.value)]
        }
        return []
    }

    /// Every path that can be mentioned, for suggestions.
    var paths: [String] {
        Set(leaves.flatMap { leaf in leaf.keys.indices.map { leaf.keys[...$0].joined(separator: ".") } }).sorted()
    }

    static func leaves(of value: JSONValue, at keys: [String]) -> [Leaf] {
        guard case .object(let members) = value, !members.isEmpty else { return [Leaf(keys: keys, value: value)] }
        return members.flatMap { leaves(of: $0.value, at: keys + [$0.name]) }
    }

    /// The object that has these values, with sorted keys.
    static func object(of leaves: [Leaf]) -> JSONValue { nested(leaves.map { ($0.keys[...], $0.value) }) }

    private static func nested(_ leaves: [(keys: ArraySlice<String>, value: JSONValue)]) -> JSONValue {
        let groups = Dictionary(grouping: leaves) { $0.keys.first ?? "" }
        return .object(
            groups.sorted { $0.key < $1.key }.map { name, group in
                let inner = group.filter { $0.keys.count > 1 }.map { ($0.keys.dropFirst(), $0.value) }
                return JSONValue.Member(name: name, value: inner.isEmpty ? group[0].value : nested(inner))
            })
    }
}

/// The members of an object, at the top or further inside.
private protocol ParamObject {
    subscript(_ name: String) -> JSONValue? { get set }
    func hasName(beginningWith prefix: String) -> Bool
}

/// The top level, which may be large and is looked up often.
private struct TopLevel: ParamObject {
    var members: [String: JSONValue] = [:]

    subscript(_ name: String) -> JSONValue? {
        get { members[name] }
        set { members[name] = newValue }
    }

    func hasName(beginningWith prefix: String) -> Bool { members.keys.contains { $0.hasPrefix(prefix) } }
}

/// An object inside, which keeps the order of the file.
private struct Inner: ParamObject {
    var members: [JSONValue.Member]

    subscript(_ name: String) -> JSONValue? {
        get { members.first { $0.name == name }?.value }
        set {
            let place = members.firstIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): members[place] = JSONValue.Member(name: name, value: value)
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append(JSONValue.Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    func hasName(beginningWith prefix: String) -> Bool { members.contains { $0.name.hasPrefix(prefix) } }
}

private func find(_ path: Substring, in object: some ParamObject) -> (keys: [String], value: JSONValue)? {
    if let value = object[String(path)] { return ([String(path)], value) }
    for dot in path.indices where path[dot] == "." {
        let name = String(path[..<dot])
        guard case .object(let members)? = object[name],
            let found = find(path[path.index(after: dot)...], in: Inner(members: members))
        else { continue }
        return ([name] + found.keys, found.value)
    }
    return nil
}

private func put(_ value: JSONValue, at path: Substring, into object: inout some ParamObject) {
    let name = String(path)
    if let old = object[name] {
        if value != .null {
            object[name] = merged(old, value)
        } else if old != .null {
            object[name] = nil
        }
        return
    }
    // A name with dots is the path of what exists already, wherever its objects end.
    for dot in path.indices where path[dot] == "." {
        let outer = String(path[..<dot])
        guard case .object(let members)? = object[outer] else { continue }
        var inner = Inner(members: members)
        put(value, at: path[path.index(after: dot)...], into: &inner)
        object[outer] = .object(inner.members)
        return
    }
    if case .object(let members) = value, object.hasName(beginningWith: name + ".") {
        for member in members { put(member.value, at: "\(name).\(member.name)", into: &object) }
        return
    }
    object[name] = value
}

private func merged(_ old: JSONValue, _ new: JSONValue) -> JSONValue {
    guard case .object(let before) = old, case .object(let after) = new else { return new }
    var inner = Inner(members: before)
    for member in after { put(member.value, at: member.name[...], into: &inner) }
    return .object(inner.members)
}
