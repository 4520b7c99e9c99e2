// `runs query`: read-only SQL on the store's views. Knows options and output formats; the store runs the query.

import ArgumentParser
import Glibc
import Model
import PipelineFormat
import Report
import Store

extension TableFormat: ExpressibleByArgument {}

/// How a table is printed.
struct FormatOptions: ParsableArguments {
    @Option(
        help:
            "Print the table in this format; csv-safe is CSV that a spreadsheet does not evaluate (default: box on a terminal, else csv)"
    )
    var format: TableFormat?

    /// A writer for the format chosen, as wide as the terminal.
    func writer(columns: [String], _ roles: TableRoles = TableRoles()) -> TableWriter {
        TableWriter(format: chosen, columns: columns, width: Terminal.standardOutput.size?.columns, roles: roles)
    }

    var chosen: TableFormat { format ?? (Terminal.standardOutput.isTerminal ? .box : .csv) }

    func write(_ table: Table, _ roles: TableRoles = TableRoles()) {
        var writer = writer(columns: table.columns, roles)
        for row in table.rows where !Terminal.standardOutput.writeForeign(writer.add(row: row) ?? "") { return }
        Terminal.standardOutput.writeForeign(writer.finish())
    }
}

struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Query the store with read-only SQL.",
        discussion: """
            Views: \(Store.publicViews.joined(separator: ", ")).
            docs/store.md describes all columns. Example: runs query "select stage, wall_seconds from latest"
            """)

    @Argument(help: "SQL to run; - reads it from stdin")
    var sql: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Bind a value to :name in the SQL; repeatable", valueName: "name=value")
    )
    var parameter: [String] = []

    @Option(help: "Read the SQL from this file")
    var file: String?

    @Option(help: ArgumentHelp("Run a predefined query", valueName: "name"))
    var named: String?

    @Flag(help: "List the predefined queries")
    var list = false

    @Flag(help: "Exit with status 1 if the query returns any rows (for CI)")
    var failOnRows = false

    @Option(help: ArgumentHelp("Cancel the query after this time", valueName: "duration"))
    var timeout = "60s"

    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        if list {
            let rows = Store.cannedQueries.map { [TableValue.text($0.name), .text($0.summary)] }
            return formatOptions.write(Table(columns: ["name", "description"], rows: rows))
        }
        let text = try statement()
        guard let limit = seconds(ofDuration: timeout) else {
            throw Failure(.usage, "--timeout: invalid duration '\(timeout)' (examples: 60s, 500ms, 2m)")
        }
        let store = try Project.find(from: ".", storeOptions).openForReading()
        var writer: TableWriter?
        // A box is as wide as its widest row, so all rows are kept until the end.
        var roomBytes = [.box, .markdown].contains(formatOptions.chosen) ? Self.mostBytesKept : .max
        var hasRows = false
        let limits = QueryLimits(timeoutSeconds: limit)
        let copy = store.temporaryFolder
        let watchdog = try QueryWatchdog(limitSeconds: limit) {
            Terminal.standardError.writeLine("error: \(limits.timeoutFailure.message)")
            copy.map(removeTemporaryFolder)
            _exit(2)
        }
        defer { watchdog.end() }
        try store.query(
            text, bindings: try parameter.map(nameAndValue), mayBeUnset: named != nil, limits: limits,
            onWarning: { Terminal.standardError.writeLine("warning: \(sanitized($0))") },
            onColumns: { writer = formatOptions.writer(columns: $0) },
            onRow: { row in
                watchdog.outside {
                    hasRows = true
                    roomBytes -= row.reduce(0) { $0 + $1.sizeBytes }
                    guard roomBytes >= 0 else { return false }
                    return Terminal.standardOutput.writeForeign((writer?.add(row: row) ?? nil) ?? "")
                }
            })
        watchdog.end()
        guard roomBytes >= 0 else {
            throw Failure(
                .usage,
                "result too large for --format \(formatOptions.chosen.rawValue) (add a LIMIT, or use --format csv)")
        }
        Terminal.standardOutput.writeForeign(writer?.finish() ?? "")
        if failOnRows, hasRows { throw ExitCode(1) }
    }

    private static let mostBytesKept = 64 << 20

    private func statement() throws -> String {
        switch (sql, file, named) {
        case (let sql?, nil, nil):
            return sql == "-"
                ? String(decoding: try readToEnd(0, shownAs: "standard input", mostBytes: 64 << 20), as: UTF8.self)
                : sql
        case (nil, let file?, nil): return String(decoding: try readBytes(file), as: UTF8.self)
        case (nil, nil, let name?):
            if let query = Store.cannedQueries.first(where: { $0.name == name }) { return query.sql }
            let hint = suggestion(
                for: name, among: Store.cannedQueries.map(\.name), else: "`runs query --list` lists all queries")
            throw Failure(.usage, "unknown query '\(name)'\(hint)")
        default:
            throw Failure(.usage, "expected exactly one of: SQL as an argument, --file, --named")
        }
    }
}
