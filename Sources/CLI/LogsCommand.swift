// `runs logs`: prints what a stage wrote to stdout and stderr. Knows how to print and follow a log file; the store
// knows where it is.

import ArgumentParser
import Glibc
import Model
import Report
import Store

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the stdout and stderr of the latest execution of a stage.")

    @Argument(help: "Stage: a template name, a name with values, a full name or a glob")
    var stage: String

    @Option(
        name: .customLong("run"),
        help: "Print the log of this run: a number, latest, or latest~1 for the one before that executed the stage")
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
        let project = try Project.find(from: ".", storeOptions)
        let store = try project.openForReading()
        let stages = try store.stages(named: stage)
        let run = try pastRun.map { try store.run(named: $0, among: .executing(stages.map(\.number))) }
        let logs = try store.latestLogs(ofStages: stages.map(\.number), run: run)
        guard !logs.isEmpty else {
            throw Failure(
                .usage, "no log: stage '\(stage)' was not executed\(run.map { " in run \($0)" } ?? "")")
        }
        if let format { return try printTable(logs.map { ($0.stage, $0.execution, $0.path) }, format, of: project) }
        for log in logs {
            if logs.count > 1 { Terminal.standardOutput.writeLine("==> \(sanitized(log.stage)) (\(log.state)) <==") }
            try print(log.path, of: project) {
                try store.stage(of: log.execution)?.state.isOpen == true
            }
        }
    }

    private func printTable(
        _ logs: [(stage: String, execution: ExecutionID, path: String)], _ format: TableFormat, of project: Project
    ) throws {
        let columns = ["stage", "execution_id", "line_number", "line"]
        var writer = TableWriter(format: format, columns: columns, width: Terminal.standardOutput.size?.columns)
        for log in logs {
            var lines = String(decoding: try readBytes("\(project.root)/\(log.path)"), as: UTF8.self)
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

    /// Raw to a file or a pipe; to a terminal without control sequences.
    private func print(_ path: String, of project: Project, isRunning: () throws -> Bool) throws {
        let descriptor = open("\(project.root)/\(path)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(.store, "cannot read log \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var line: [UInt8] = []
        let isTerminal = Terminal.standardOutput.isTerminal
        while true {
            // Checked before reading, so that what is written in between is read in the next turn.
            let mayGrow = follow ? try isRunning() : false
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 {
                if isTerminal {
                    line.append(contentsOf: chunk[..<count])
                    while let end = line.firstIndex(of: 10) {
                        Terminal.standardOutput.writeLine(
                            sanitizedLogLine(String(decoding: line[..<end], as: UTF8.self)))
                        line.removeSubrange(...end)
                    }
                } else if Glibc.write(1, chunk, count) < 0 {
                    return
                }
            } else if mayGrow {
                usleep(100_000)
            } else {
                if !line.isEmpty {
                    Terminal.standardOutput.writeLine(sanitizedLogLine(String(decoding: line, as: UTF8.self)))
                }
                return
            }
        }
    }
}
