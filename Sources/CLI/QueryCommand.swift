// `runs query`: read-only SQL over the store's views.

import ArgumentParser
import Model
import PipelineFormat
import Report
import Store

extension TableFormat: ExpressibleByArgument {}

/// How a table is printed.
struct FormatOptions: ParsableArguments {
    @Option(help: "box, csv, tsv, json, jsonl, markdown, line or list (default: box on a terminal, else csv).")
    var format: TableFormat?

    /// What fits where the table goes.
    func writer(columns: [String], rightAligned: Set<Int> = []) -> TableWriter {
        TableWriter(
            format: chosen, columns: columns, width: Terminal.standardOutput.size?.columns, rightAligned: rightAligned)
    }

    var chosen: TableFormat { format ?? (Terminal.standardOutput.isTerminal ? .box : .csv) }

    /// - Parameter rightAligned: columns (from 0) of figures that stand as text.
    func write(_ table: Table, rightAligned: Set<Int> = []) {
        var writer = writer(columns: table.columns, rightAligned: rightAligned)
        for row in table.rows where !Terminal.standardOutput.writeForeign(writer.add(row: row) ?? "") { return }
        Terminal.standardOutput.writeForeign(writer.finish())
    }
}

struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Ask the store with SQL; it can only read.",
        discussion: """
            The views are: \(Store.publicViews.joined(separator: ", ")).
            docs/store.md tells every column. Example: runs query "select stage, wall_seconds from latest"
            """)

    @Argument(help: "A SELECT; - reads it from standard input.")
    var sql: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("A value for :name in the SQL; repeatable.", valueName: "name=value"))
    var parameter: [String] = []

    @Option(help: "Read the SQL from a file.")
    var file: String?

    @Option(help: ArgumentHelp("Run a query that comes with the program.", valueName: "name"))
    var named: String?

    @Flag(help: "List the queries that come with the program.")
    var list = false

    @Flag(help: "End with status 1 when the query gives any row: for checks in CI.")
    var failOnRows = false

    @Option(help: ArgumentHelp("Stop a query that takes longer.", valueName: "duration"))
    var timeout = "60s"

    @OptionGroup var formatOptions: FormatOptions
    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        if list {
            let rows = Store.cannedQueries.map { [TableValue.text($0.name), .text($0.summary)] }
            return formatOptions.write(Table(columns: ["name", "what it tells"], rows: rows))
        }
        let text = try statement()
        guard let limit = seconds(ofDuration: timeout) else {
            throw Failure(.usage, "--timeout '\(timeout)' is no duration. Write 60s, 500ms or 2m.")
        }
        let store = try Project.find(from: ".", storeOptions).openForReading()
        var writer: TableWriter?
        // A box is as wide as its widest row, so all of it is kept until the end.
        var roomBytes = [.box, .markdown].contains(formatOptions.chosen) ? Self.mostBytesKept : .max
        var hasRows = false
        try store.query(
            text, bindings: try parameter.map(nameAndValue), mayBeUnset: named != nil,
            limits: QueryLimits(timeoutSeconds: limit), onColumns: { writer = formatOptions.writer(columns: $0) },
            onRow: { row in
                hasRows = true
                roomBytes -= row.reduce(0) { $0 + $1.sizeBytes }
                guard roomBytes >= 0 else { return false }
                return Terminal.standardOutput.writeForeign((writer?.add(row: row) ?? nil) ?? "")
            })
        guard roomBytes >= 0 else {
            throw Failure(
                .usage,
                "the result is too large for --format \(formatOptions.chosen.rawValue). Add a LIMIT, or say --format csv."
            )
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
            let hint = nearest(to: name, among: Store.cannedQueries.map(\.name)).map { " Did you mean '\($0)'?" } ?? ""
            throw Failure(.usage, "no query is called '\(name)'.\(hint) `runs query --list` lists them.")
        default:
            throw Failure(.usage, "give the SQL as one argument, or with --file or --named. See `runs query --help`.")
        }
    }
}
