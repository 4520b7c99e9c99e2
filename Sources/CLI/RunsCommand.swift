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
            ShowCommand.self, DiffCommand.self, BestCommand.self, LineageCommand.self,
            QueryCommand.self, InitCommand.self, SchemaCommand.self, DoctorCommand.self, GCCommand.self,
            StatsCommand.self, AcceptCommand.self, RejectCommand.self, TagCommand.self, NoteCommand.self,
        ])
}

/// Parses and runs the command line, and ends the process: 0 all is well; 1 a stage failed or was blocked; 2 the command
/// line or the pipeline is wrong, and nothing ran; 3 the store cannot be used; 128 + N ended by signal N.
public func exitWithStatus(ofCommandLine arguments: [String]) -> Never {
    // A closed pipe ends the output, not the bookkeeping.
    signal(SIGPIPE, SIG_IGN)
    // A file larger than the limit is an error to tell, as a full disk is.
    signal(SIGXFSZ, SIG_IGN)
    let result = status(ofCommandLine: arguments)
    if let reason = Terminal.standardOutput.failure {
        Terminal.standardError.writeLine(
            "runs: standard output could not be written: \(reason). What it was to show is lost.")
        exit(result == 0 ? 1 : result)
    }
    exit(result)
}

private func status(ofCommandLine arguments: [String]) -> Int32 {
    do {
        try refuseTooFewFiles()
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

/// The library that runs threads ends the process without a word where it cannot open its files.
private func refuseTooFewFiles() throws(Failure) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < 32 else { return }
    throw Failure(
        .store, "only \(limit.rlim_cur) files may be open at once. Raise the limit to 32 or more (`ulimit -n`).")
}
