// `runs reject`: a result counts no more, or again. Says what follows from it; the rows are the store's.

import ArgumentParser
import Model
import Report
import Store

struct RejectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Let the result of an execution count no more: never fresh, in no statistics.",
        discussion: """
            Nothing is removed: the outputs stay where they are until `runs exec` makes them anew, and --undo takes it \
            back. Both leave a note in the view tags. A run that is running goes on with what it has decided.
            """)

    @Argument(help: ArgumentHelp("Numbers of executions that succeeded.", valueName: "execution"))
    var executions: [String]

    @Option(help: "Why; needed except with --undo.")
    var reason: String?

    @Flag(help: "Let it count again.")
    var undo = false

    @OptionGroup var storeOptions: StoreOptions

    func validate() throws {
        if !undo, reason?.allSatisfy(\.isWhitespace) ?? true {
            throw ValidationError("Say why: runs reject 12 --reason \"trained on the wrong split\".")
        }
    }

    func run() throws {
        let ids = try executions.map(execution(named:))
        let store = try Project.find(from: ".", storeOptions).openForWriting()
        let told = try store.inTransaction { () throws(Failure) in
            var lines: [(line: String, id: ExecutionID)] = []
            for id in ids { lines.append((try review(id, in: store), id)) }
            return lines
        }
        for (line, id) in told {
            Terminal.standardOutput.writeLine(sanitized(line))
            let twins = undo ? [] : try store.twins(of: id)
            guard !twins.isEmpty else { continue }
            let names = twins.map(\.description).joined(separator: ", ")
            let (others, them) =
                twins.count == 1 ? ("execution \(names)", "it") : ("executions \(names)", "them")
            Terminal.standardError.writeLine(
                "note: the same outputs, with the same key, were made by \(others): reject \(them) too to have the stage "
                    + "run again")
        }
    }

    private func review(_ id: ExecutionID, in store: Store) throws(Failure) -> String {
        let isNews = try store.setRejected(id, !undo)
        let name = "execution \(id) of '\(try store.stage(of: id)?.stage ?? "")'"
        guard isNews else { return "\(name) is \(undo ? "not rejected" : "rejected already")" }
        let why = reason.map { ": \($0)" } ?? ""
        try store.addNote((undo ? "rejection taken back" : "rejected") + why, to: .execution(id), at: .now())
        return undo ? "\(name) counts again" : "\(name) is rejected\(why)"
    }
}
