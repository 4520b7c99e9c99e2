// `runs tag` and `runs note`: add and remove tags and notes of runs and executions. Knows options and messages; the
// store changes the rows.

import ArgumentParser
import Glibc
import Model
import Planner
import Store

/// Options of both commands: which run or execution to label.
struct LabelOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Label this execution instead of a run; omit RUN then", valueName: "number"))
    var execution: String?

    @Flag(help: "Remove it instead of adding it")
    var remove = false

    @OptionGroup var storeOptions: StoreOptions

    /// The target, and the words after it.
    func open(_ words: [String]) throws -> (store: Store, target: LabelTarget, texts: [String]) {
        let number = try execution.map { try CLI.execution(named: $0) }
        let store = try Project.find(from: ".", storeOptions).openForWriting()
        if let number { return (store, .execution(number), words) }
        guard let first = words.first else {
            throw Failure(.usage, "no run named (give its number or a tag, or `latest`)")
        }
        return (store, .run(try store.findRun(first)), Array(words.dropFirst()))
    }
}

extension LabelTarget {
    var name: String {
        switch self {
        case .run(let run): "run \(run)"
        case .execution(let execution): "execution \(execution)"
        }
    }
}

struct TagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Add tags to a run or an execution, or remove them.",
        discussion: """
            RUN is a number, `latest`, `latest~1`, or a tag that the run has. A tag of digits alone, or that is `latest`, \
            cannot name a run. The view tags lists all tags. Example: runs tag latest baseline
            """)

    @Argument(help: ArgumentHelp("Run and tags", valueName: "run-and-tags"))
    var words: [String]

    @OptionGroup var labelOptions: LabelOptions

    func run() throws {
        let (store, target, tags) = try labelOptions.open(words)
        guard !tags.isEmpty else {
            throw Failure(.usage, "no tag given for \(target.name) (example: runs tag latest baseline)")
        }
        for tag in tags where tag.isEmpty || tag.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
            throw Failure(.usage, "invalid tag (expected one line of text, not empty)")
        }
        try store.inTransaction { () throws(Failure) in
            let known = try store.tags(of: target)
            for tag in tags {
                guard labelOptions.remove else {
                    try store.addTag(tag, to: target, at: .now())
                    continue
                }
                if try !store.removeTag(tag, from: target) { throw Failure(.usage, missing(tag, known, target)) }
            }
        }
    }

    private func missing(_ tag: String, _ known: [String], _ target: LabelTarget) -> String {
        let others = known.isEmpty ? "it has no tags" : "its tags: \(known.joined(separator: ", "))"
        return "\(target.name) has no tag '\(tag)' (\(others)); nothing was changed"
    }
}

struct NoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "note", abstract: "Add a note to a run or an execution, or remove it.",
        discussion: """
            RUN is a number, `latest`, `latest~1`, or a tag. The view tags lists all notes. Example: runs note latest "new split, seed 3"
            """)

    @Argument(help: ArgumentHelp("Run and text of the note", valueName: "run-and-text"))
    var words: [String]

    @OptionGroup var labelOptions: LabelOptions

    func run() throws {
        let (store, target, texts) = try labelOptions.open(words)
        let given = texts.joined(separator: " ")
        let text = Redaction(SecretRules(), salt: store.salt) { _ in nil }.text(given)
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw Failure(.usage, "no note given for \(target.name) (example: runs note latest \"new split\")")
        }
        guard labelOptions.remove else { return try store.addNote(text, to: target, at: .now()) }
        // Earlier versions recorded it as it was given.
        if try !store.removeNote(text, from: target), try !store.removeNote(given, from: target) {
            throw Failure(
                .usage,
                "\(target.name) has no note '\(text)'; nothing was changed "
                    + "(`runs query \"select * from tags\"` lists all notes)")
        }
    }
}
