// Writes SQL files as Swift: each statement becomes a static property, so that the compiler checks its name, and the
// program carries its SQL wherever it goes. Usage: EmbedSQLTool OUTPUT FILE.sql …

import Foundation

/// The text as a Swift string literal that no text can end.
func literal(_ text: String) -> String {
    var marks = "#"
    while text.contains("\"\"\"" + marks) { marks += "#" }
    return "\(marks)\"\"\"\n\(text)\n\"\"\"\(marks)"
}

/// `history_of_stage` → `historyOfStage`.
func camelCased(_ name: String) -> String {
    let words = name.split(separator: "_")
    return words.enumerated().map { $0 == 0 ? String($1) : $1.prefix(1).uppercased() + $1.dropFirst() }.joined()
}

let arguments = CommandLine.arguments.dropFirst()
guard let output = arguments.first else { fatalError("usage: EmbedSQLTool OUTPUT FILE.sql …") }
var migrations: [(version: Int, name: String, text: String)] = []
var statements: [(name: String, text: String)] = []
for path in arguments.dropFirst() {
    let file = URL(fileURLWithPath: path)
    let name = file.deletingPathExtension().lastPathComponent
    let text = try String(contentsOf: file, encoding: .utf8)
    if let version = Int(name.prefix { $0 != "_" }) {
        migrations.append((version, String(name.drop { $0 != "_" }.dropFirst()), text))
    } else {
        statements.append((name, text))
    }
}
var source = "// Generated from migrations/ and sql/ by EmbedSQLTool.\n\n"
source += "public enum Migrations {\n    /// In the order in which they are applied.\n    public static let all: [Migration] = [\n"
for migration in migrations.sorted(by: { $0.version < $1.version }) {
    source += "Migration(version: \(migration.version), name: \"\(migration.name)\", text: \(literal(migration.text))),\n"
}
source += "    ]\n}\n\npublic enum SQL {\n"
for statement in statements.sorted(by: { $0.name < $1.name }) {
    source += "    public static let \(camelCased(statement.name)) = "
    source += "Statement(name: \"\(statement.name)\", text: \(literal(statement.text)))\n"
}
source += "    public static let all: [Statement] = ["
source += statements.map { camelCased($0.name) }.sorted().joined(separator: ", ") + "]\n}\n"
try source.write(toFile: output, atomically: true, encoding: .utf8)
