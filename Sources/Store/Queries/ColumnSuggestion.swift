// What a user may have meant by a column that no view of a query has. Knows the views' columns and SQLite's messages;
// does not run the query.

import Model
import RunsSQL

extension Store {
    /// The column that SQLite's message calls unknown, without its table and quotes; nil for other messages.
    static func unknownColumn(in message: String) -> String? {
        let marker = "no such column: "
        guard message.hasPrefix(marker) else { return nil }
        // Newer versions of SQLite add a hint: ` - should this be a string literal in single-quotes?`.
        let name = message.dropFirst(marker.count).split(separator: " - ").first ?? ""
        return name.split(separator: ".").last.map { String($0.filter { $0 != "\"" }) }
    }

    /// A sentence such as `Did you mean 'execution_id'?`; nil if nothing is similar.
    func suggestion(forColumn column: String, in sql: String) -> String? {
        let all = (try? connection.statement(SQL.viewColumns).all([], { (view: $0.text(0), name: $0.text(1)) })) ?? []
        let words = Set(sql.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
        let used = all.filter { words.contains($0.view) }
        let wanted = column.lowercased()
        let names = (used.isEmpty ? all : used).map(\.name).reduce(into: [String]()) { names, name in
            if !names.contains(name) { names.append(name) }
        }
        let beginning = names.filter { $0.hasPrefix(wanted + "_") }
        if beginning.count == 1 { return "Did you mean '\(beginning[0])'?" }
        if let known = nearest(to: wanted, among: names) { return "Did you mean '\(known)'?" }
        let others = all.filter { $0.name == wanted }.map(\.view)
        if !others.isEmpty, !used.isEmpty {
            return "'\(wanted)' is a column of \(others.sorted().joined(separator: ", "))."
        }
        let containing = names.filter { "_\($0)_".contains("_\(wanted)_") }
        if !wanted.isEmpty, (1...Self.mostSuggestions).contains(containing.count) {
            return "Did you mean \(containing.map { "'\($0)'" }.joined(separator: " or "))?"
        }
        return nil
    }

    private static let mostSuggestions = 4
}
