// `runs logs`: what a stage printed.

import ArgumentParser
import Glibc
import Model
import Report
import Store

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print what a stage wrote to stdout and stderr at its newest execution.")

    @Argument(help: "The stage: a template name, a name with values, a full name or a glob.")
    var stage: String

    @Option(name: .customLong("run"), help: "Of this run instead of the newest.")
    var pastRun: Int64?

    @Flag(name: .shortAndLong, help: "Follow the log of a stage that still runs.")
    var follow = false

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        let project = try Project.find(from: ".", storeOptions)
        let store = try project.openForReading()
        let stages = try store.stages(named: stage)
        let logs = try store.latestLogs(ofStages: stages.map(\.number), run: pastRun.map { RunID($0) })
        guard !logs.isEmpty else {
            throw Failure(.usage, "'\(stage)' was not executed\(pastRun.map { " in run \($0)" } ?? ""), so there is no log.")
        }
        for log in logs {
            if logs.count > 1 { Terminal.standardOutput.writeLine("==> \(sanitized(log.stage)) (\(log.state)) <==") }
            try print(log.path, of: project) {
                try store.stage(of: log.execution)?.state == .running
            }
        }
    }

    /// Raw where it goes to a file or a pipe; on a terminal without anything that a terminal would obey.
    private func print(_ path: String, of project: Project, isRunning: () throws -> Bool) throws {
        let descriptor = open("\(project.root)/\(path)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(.store, "the log \(path) cannot be read: \(String(cString: strerror(errno))).")
        }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var line: [UInt8] = []
        let isTerminal = Terminal.standardOutput.isTerminal
        while true {
            // Asked before reading, so that what is written in between is still read in the next turn.
            let goesOn = follow ? try isRunning() : false
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 {
                if isTerminal {
                    line.append(contentsOf: chunk[..<count])
                    while let end = line.firstIndex(of: 10) {
                        Terminal.standardOutput.writeLine(sanitized(String(decoding: line[..<end], as: UTF8.self)))
                        line.removeSubrange(...end)
                    }
                } else if Glibc.write(1, chunk, count) < 0 {
                    return
                }
            } else if goesOn {
                usleep(100_000)
            } else {
                if !line.isEmpty { Terminal.standardOutput.writeLine(sanitized(String(decoding: line, as: UTF8.self))) }
                return
            }
        }
    }
}
