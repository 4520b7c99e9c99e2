// Generates Swift source from SQL files: each statement becomes a static property, so that the compiler checks its name
// and the program needs no files. Knows the folders `migrations`, `canned` (queries that users call by name) and
// others; does not know SQL. Usage: EmbedSQLTool OUTPUT FILE.sql …

import Foundation

/// The text as a Swift string literal with delimiters that do not occur in it.
func literal(_ text: String) -> String {
    var marks = "#"
    while text.contains("\"\"\"" + marks) || text.contains("\\" + marks) { marks += "#" }
    return "\(marks)\"\"\"\n\(text)\n\"\"\"\(marks)"
}

/// `history_of_stage` → `historyOfStage`.
func camelCased(_ name: String) -> String {
    let words = name.split(separator: "_")
    return words.enumerated().map { $0 == 0 ? String($1) : $1.prefix(1).uppercased() + $1.dropFirst() }.joined()
}

func fail(_ sentence: String) -> Never {
    FileHandle.standardError.write(Data("error: \(sentence)\n".utf8))
    exit(1)
}

let arguments = CommandLine.arguments.dropFirst()
guard let output = arguments.first else { fail("usage: EmbedSQLTool OUTPUT FILE.sql …") }
var migrations: [(version: Int, name: String, text: String)] = []
var statements: [(name: String, text: String)] = []
var canned: [(name: String, text: String)] = []
for path in arguments.dropFirst() {
    let file = URL(fileURLWithPath: path)
    let name = file.deletingPathExtension().lastPathComponent
    let text = try String(contentsOf: file, encoding: .utf8)
    guard text.hasPrefix("-- ") else { fail("\(path): missing comment on the first line that says what it is for.") }
    switch file.deletingLastPathComponent().lastPathComponent {
    case "migrations":
        guard let version = Int(name.prefix { $0 != "_" }) else {
            fail("\(path): the file name must begin with the migration's number.")
        }
        migrations.append((version, String(name.drop { $0 != "_" }.dropFirst()), text))
    case "canned": canned.append((name, text))
    default: statements.append((name, text))
    }
}
migrations.sort { $0.version < $1.version }
statements.sort { $0.name < $1.name }
canned.sort { $0.name < $1.name }
for (index, migration) in migrations.enumerated() where migration.version != index + 1 {
    fail("migration \(index + 1) is missing or a duplicate; number them 1, 2, 3, …")
}

var source = "// Generated from migrations/ and sql/ by EmbedSQLTool.\n\n"
source +=
    "public enum Migrations {\n    /// In the order of their version.\n    public static let all: [Migration] = [\n"
for migration in migrations {
    source +=
        "Migration(version: \(migration.version), name: \"\(migration.name)\", text: \(literal(migration.text))),\n"
}
source += "    ]\n}\n\npublic enum SQL {\n"
for statement in statements {
    source += "    public static let \(camelCased(statement.name)) = "
    source += "Statement(name: \"\(statement.name)\", text: \(literal(statement.text)))\n"
}
source += "    /// Every statement that the program itself uses.\n    public static let all: [Statement] = ["
source += statements.map { camelCased($0.name) }.joined(separator: ", ") + "]\n"
source += "    /// Queries that users call by name, sorted by name.\n    public static let canned: [Statement] = [\n"
for query in canned { source += "Statement(name: \"\(query.name)\", text: \(literal(query.text))),\n" }
source += "    ]\n}\n"
try source.write(toFile: output, atomically: true, encoding: .utf8)
