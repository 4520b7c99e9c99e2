// The tables of a TOML file while it is read: which may be extended, and by what. Knows names; does not know syntax.

import JSON
import Model

/// A table under construction.
final class TOMLTable {
    /// How it came about, which decides what may be added to it.
    enum Origin { case implicit, header, dotted, inline }

    private enum Item {
        case value(JSONNode)
        case table(TOMLTable)
        case tables([TOMLTable])
    }

    private let position: JSONPosition
    private var origin: Origin
    private var order: [(name: String, position: JSONPosition)] = []
    private var items: [String: Item] = [:]

    init(_ origin: Origin, at position: JSONPosition) {
        self.origin = origin
        self.position = position
    }

    var node: JSONNode {
        JSONNode(
            .object(
                order.compactMap { name, position in
                    items[name].map { JSONMember(name: name, at: position, value: Self.node(of: $0, at: position)) }
                }), at: position)
    }

    private static func node(of item: Item, at position: JSONPosition) -> JSONNode {
        switch item {
        case .value(let node): node
        case .table(let table): table.node
        case .tables(let tables): JSONNode(.array(tables.map(\.node)), at: position)
        }
    }

    /// The table in which a header `[a.b.c]` looks for its last name.
    func parent(ofHeader key: TOMLKey) throws(DataReadError) -> TOMLTable {
        var table = self
        for part in key.parts.dropLast() {
            switch table.items[part.name] {
            case nil: table = table.add(TOMLTable(.implicit, at: part.position), named: part)
            case .table(let inner)? where inner.origin != .inline: table = inner
            case .tables(let tables)?: table = tables[tables.count - 1]
            default: throw Self.twice(part)
            }
        }
        return table
    }

    /// The table of a header `[…]`.
    func table(forHeader part: TOMLKey.Part) throws(DataReadError) -> TOMLTable {
        switch items[part.name] {
        case nil: return add(TOMLTable(.header, at: part.position), named: part)
        case .table(let inner)? where inner.origin == .implicit:
            inner.origin = .header
            return inner
        default: throw Self.twice(part)
        }
    }

    /// A new element of the list of tables of a header `[[…]]`.
    func element(forHeader part: TOMLKey.Part) throws(DataReadError) -> TOMLTable {
        let element = TOMLTable(.header, at: part.position)
        switch items[part.name] {
        case nil:
            order.append((part.name, part.position))
            items[part.name] = .tables([element])
        case .tables(let tables)?: items[part.name] = .tables(tables + [element])
        default: throw Self.twice(part)
        }
        return element
    }

    func set(_ key: TOMLKey, _ value: JSONNode) throws(DataReadError) {
        var table = self
        for part in key.parts.dropLast() {
            switch table.items[part.name] {
            case nil: table = table.add(TOMLTable(.dotted, at: part.position), named: part)
            case .table(let inner)? where inner.origin == .dotted: table = inner
            default: throw Self.twice(part)
            }
        }
        let last = key.parts[key.parts.count - 1]
        guard table.items[last.name] == nil else { throw Self.twice(last) }
        table.order.append((last.name, last.position))
        table.items[last.name] = .value(value)
    }

    private func add(_ table: TOMLTable, named part: TOMLKey.Part) -> TOMLTable {
        order.append((part.name, part.position))
        items[part.name] = .table(table)
        return table
    }

    private static func twice(_ part: TOMLKey.Part) -> DataReadError {
        DataReadError("duplicate key '\(part.name)'", at: part.position)
    }
}

/// `a.b."c d"`
struct TOMLKey {
    struct Part {
        let name: String
        let position: JSONPosition
    }
    var parts: [Part] = []
}
