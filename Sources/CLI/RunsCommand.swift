// The command `runs`: its subcommands, and what becomes of their errors. Knows exit statuses; every subcommand has a
// file of its own.

import ArgumentParser
import Glibc
import Model
import PipelineFormat
import Report

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "Runs a pipeline of stages and remembers everything about it in one SQLite file.",
        discussion: """
            Start with `runs init`, then `runs exec`. A second `runs exec` runs only what changed.
            Everything that happened is in .runs/runs.db: ask it with `runs query` and `runs history`.
            """,
        version: programVersion,
        subcommands: [
            ExecCommand.self, StatusCommand.self, WhyCommand.self, HistoryCommand.self, LogsCommand.self,
            QueryCommand.self, InitCommand.self, SchemaCommand.self, DoctorCommand.self, GCCommand.self,
            StatsCommand.self, AcceptCommand.self, RejectCommand.self, TagCommand.self, NoteCommand.self,
        ])
}

/// Parses and runs the command line, and ends the process: 0 all is well; 1 a stage failed or was blocked; 2 the command
/// line or the pipeline is wrong, and nothing ran; 3 the store cannot be used; 128 + N ended by signal N.
public func exitWithStatus(ofCommandLine arguments: [String]) -> Never {
    // A closed pipe ends the output, not the bookkeeping.
    signal(SIGPIPE, SIG_IGN)
    exit(status(ofCommandLine: arguments))
}

private func status(ofCommandLine arguments: [String]) -> Int32 {
    do {
        var command = try RunsCommand.parseAsRoot(arguments)
        try command.run()
        return 0
    } catch let failure as Failure {
        Terminal.standardError.writeLine("runs: \(sanitizedLines(failure.message))")
        return failure.kind == .usage ? 2 : 3
    } catch let errors as PipelineErrors {
        Terminal.standardError.writeLine(sanitizedLines("\(errors)"))
        return 2
    } catch let code as ExitCode {
        return code.rawValue
    } catch {
        let text = RunsCommand.fullMessage(for: error)
        if RunsCommand.exitCode(for: error) == .success {
            Terminal.standardOutput.writeLine(text)
            return 0
        }
        Terminal.standardError.writeLine(sanitizedLines(text))
        return 2
    }
}
