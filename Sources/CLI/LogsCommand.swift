// `runs logs`: prints what a stage wrote to stdout and stderr. Knows which logs; the store knows
// where they are, and LogReader prints them.

import ArgumentParser
import Glibc
import Model
import Report
import Store

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the stdout and stderr of the latest execution of a stage.")

    @Argument(
        help: ArgumentHelp(
            "Pipeline file (optional) and stages: template names, names with values, full names or globs",
            valueName: "file-and-stages"))
    var words: [String]

    @Option(
        name: .customLong("run"),
        help:
            "Print the log of this run: a number, a tag, latest, or latest~1 for the one before that executed the stage"
    )
    var pastRun: String?

    @Flag(name: .shortAndLong, help: "Follow the log while the stage is running")
    var follow = false

    @Option(help: "Print a table with one row per line of the log in this format")
    var format: TableFormat?

    @OptionGroup var storeOptions: StoreOptions

    func validate() throws {
        if follow, format != nil { throw ValidationError("--follow cannot be used with --format") }
    }

    func run() throws {
        let named = try RecordedStages.named(by: words, storeOptions)
        let (project, store, numbers) = (named.project, named.store, named.stages.map(\.number))
        let run = try pastRun.map { try store.findRun($0, among: .executing(numbers)) }
        let logs = try store.latestLogs(ofStages: numbers, run: run)
        guard !logs.isEmpty else {
            let (_, stages) = try fileAndStages(words)
            throw Failure(
                .usage,
                "no log: stage '\(stages.joined(separator: " "))' was not executed\(run.map { " in run \($0)" } ?? "")")
        }
        if let format { return try printTable(logs.map { ($0.stage, $0.execution, $0.path) }, format, of: project) }
        for log in logs {
            if logs.count > 1 {
                Terminal.standardOutput.writeLine("==> \(sanitized(log.stage)) (\(log.state.rawValue)) <==")
            }
            let path = "\(project.root)/\(log.path)"
            guard follow else {
                try LogReader(path: path, shownAs: log.path).printAll()
                continue
            }
            try LogReader(path: path, shownAs: log.path).follow {
                try project.findGoneRuns(in: store)
                return try store.stage(of: log.execution)?.state.isOpen == true
            }
        }
    }

    private func printTable(
        _ logs: [(stage: String, execution: ExecutionID, path: String)], _ format: TableFormat, of project: Project
    ) throws {
        let columns = ["stage", "execution_id", "line_number", "line"]
        var writer = TableWriter(format: format, columns: columns, width: Terminal.standardOutput.size?.columns)
        for log in logs {
            let descriptor = try openLog("\(project.root)/\(log.path)", shownAs: log.path)
            defer { close(descriptor) }
            var lines = String(decoding: try readToEnd(descriptor, shownAs: log.path), as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false)
            if lines.last?.isEmpty ?? false { lines.removeLast() }
            for (number, line) in lines.enumerated() {
                let row: [TableValue] = [
                    .text(log.stage), .integer(log.execution.value), .integer(Int64(number + 1)), .text(String(line)),
                ]
                guard Terminal.standardOutput.writeForeign(writer.add(row: row) ?? "") else { return }
            }
        }
        Terminal.standardOutput.writeForeign(writer.finish())
    }
}
