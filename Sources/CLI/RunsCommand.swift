// The command `runs`: its subcommands, and how their errors are printed. Knows exit statuses; does not know what a
// subcommand does, each of which has a file of its own.

import ArgumentParser
import Glibc
import Model
import PipelineFormat
import Programs
import Report
import Store

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "Run a pipeline of stages and record every execution in one SQLite file.",
        discussion: """
            Start with `runs init`, then `runs exec`. A second `runs exec` runs only what changed.
            All executions are recorded in .runs/runs.db; read it with `runs history` and `runs query`.
            """,
        version: programVersion,
        subcommands: [
            ExecCommand.self, StatusCommand.self, WhyCommand.self, HistoryCommand.self, LogsCommand.self,
            ShowCommand.self, DiffCommand.self, BestCommand.self, LineageCommand.self,
            QueryCommand.self, InitCommand.self, SchemaCommand.self, DoctorCommand.self, GCCommand.self,
            StatsCommand.self, AcceptCommand.self, RejectCommand.self, TagCommand.self, NoteCommand.self,
        ])
}

/// The words of the command line, without the program's name.
public func commandLineWords() -> [String] { Array(processArguments().dropFirst()) }

/// Parses and runs the command line, and exits with its status: 0 success; 1 a stage failed or was blocked; 2 invalid
/// command line or pipeline, nothing ran; 3 the store cannot be used; 128 + N ended by signal N.
public func exitWithStatus(ofCommandLine arguments: [String]) -> Never {
    // A closed pipe ends the output, but the run must still be recorded.
    signal(SIGPIPE, SIG_IGN)
    // Exceeding the file size limit is reported as an error, like a full disk.
    signal(SIGXFSZ, SIG_IGN)
    Store.lockWait.withLock {
        $0 = LockWait(
            stopSignal: receivedStopSignal,
            report: {
                Terminal.standardError.writeLine("waiting for \(sanitized($0)), which another program has locked")
            })
    }
    let result = status(ofCommandLine: arguments)
    if let reason = Terminal.standardOutput.failure {
        Terminal.standardError.writeLine("error: cannot write to standard output: \(reason)")
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
        Terminal.standardError.writeLine("error: \(sanitizedLines(failure.message))")
        switch failure.kind {
        case .usage: return 2
        case .store, .engine, .workspace: return 3
        case .stopped(let signal): return 128 + signal
        }
    } catch let errors as PipelineErrors {
        for sentence in errors.sentences { Terminal.standardError.writeLine("error: \(sanitized(sentence))") }
        return 2
    } catch let code as ExitCode {
        return code.rawValue
    } catch {
        let text = RunsCommand.fullMessage(for: error)
        if RunsCommand.exitCode(for: error) == .success {
            Terminal.standardOutput.writeLine(text)
            return 0
        }
        Terminal.standardError.writeLine(sanitizedLines(withLowercasePrefix(text)))
        return 2
    }
}

/// `Error: Unknown option` of ArgumentParser as `error: unknown option`.
private func withLowercasePrefix(_ text: String) -> String {
    guard text.hasPrefix("Error: ") else { return text }
    let message = text.dropFirst("Error: ".count)
    return "error: " + message.prefix(1).lowercased() + message.dropFirst()
}

/// The library that runs threads aborts the process without a message if it cannot open its files.
private func refuseTooFewFiles() throws(Failure) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < 32 else { return }
    throw Failure(
        .store, "the limit of open files is \(limit.rlim_cur) (raise it to 32 or more with `ulimit -n`)")
}
