// `runs reject`: marks results as invalid, or valid again. Knows the messages; the store changes the rows.

import ArgumentParser
import Model
import Planner
import Report
import Store

struct RejectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Mark a result as invalid: it is never fresh, and statistics ignore it.",
        discussion: """
            Nothing is deleted: the outputs stay until `runs exec` replaces them, and --undo reverts the rejection. \
            Both add a note to the view tags. A run in progress keeps the decisions that it has made.
            """)

    @Argument(help: ArgumentHelp("Numbers of succeeded executions", valueName: "execution"))
    var executions: [String]

    @Option(help: "Record the reason as a note (required except with --undo)")
    var reason: String?

    @Flag(help: "Mark the result as valid again")
    var undo = false

    @OptionGroup var storeOptions: StoreOptions

    func validate() throws {
        if !undo, reason?.allSatisfy(\.isWhitespace) ?? true {
            throw ValidationError("--reason is required (example: --reason \"trained on the wrong split\")")
        }
    }

    func run() throws {
        let ids = try executions.map(execution(named:))
        let store = try Project.find(from: ".", storeOptions).openForWriting()
        let reviews = try store.inTransaction { () throws(Failure) in
            var lines: [(line: String, id: ExecutionID)] = []
            for id in ids { lines.append((try review(id, in: store), id)) }
            return lines
        }
        for (line, id) in reviews {
            Terminal.standardOutput.writeLine(sanitized(line))
            let twins = undo ? [] : try store.twins(of: id)
            guard !twins.isEmpty else { continue }
            let names = twins.map(\.description).joined(separator: ", ")
            let (others, them) =
                twins.count == 1 ? ("execution \(names)", "it") : ("executions \(names)", "them")
            Terminal.standardError.writeLine(
                "note: \(others) made the same outputs with the same key; reject \(them) too to run the stage again")
        }
    }

    private func review(_ id: ExecutionID, in store: Store) throws(Failure) -> String {
        let hasChanged = try store.setRejected(id, !undo)
        let name = "execution \(id) of '\(try store.stage(of: id)?.stage ?? "")'"
        guard hasChanged else { return "\(name) is \(undo ? "not rejected" : "already rejected")" }
        let redaction = Redaction(SecretRules(), salt: store.salt) { _ in nil }
        let why = reason.map { ": " + redaction.text($0) } ?? ""
        try store.addNote((undo ? "rejection undone" : "rejected") + why, to: .execution(id), at: .now())
        return undo ? "\(name) is valid again" : "\(name) is rejected\(why)"
    }
}
