// `runs tag` and `runs note`: labels and remarks on runs and executions, put on and taken off.

import ArgumentParser
import Glibc
import Model
import Store

/// What both share: what the words are about.
struct LabelOptions: ParsableArguments {
    @Option(help: ArgumentHelp("On this execution, instead of on a run; then RUN is left out.", valueName: "number"))
    var execution: String?

    @Flag(help: "Take it off again.")
    var remove = false

    @OptionGroup var storeOptions: StoreOptions

    /// The target, and the words that follow it.
    func open(_ words: [String]) throws -> (store: Store, target: LabelTarget, texts: [String]) {
        let number = try execution.map { try CLI.execution(named: $0) }
        let store = try Project.find(from: ".", storeOptions).openForWriting()
        if let number { return (store, .execution(number), words) }
        guard let first = words.first else { throw Failure(.usage, "name the run: its number, or `latest`.") }
        return (store, .run(try store.run(named: first)), Array(words.dropFirst()))
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
        commandName: "tag", abstract: "Put labels on a run, or on one execution; the view tags holds them.",
        discussion: "RUN is a number or `latest`. Example: runs tag latest baseline")

    @Argument(help: ArgumentHelp("The run, then labels.", valueName: "run-and-tags"))
    var words: [String]

    @OptionGroup var labelOptions: LabelOptions

    func run() throws {
        let (store, target, tags) = try labelOptions.open(words)
        guard !tags.isEmpty else {
            throw Failure(.usage, "give \(target.name) at least one label, as in: runs tag latest baseline")
        }
        for tag in tags where tag.isEmpty || tag.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
            throw Failure(.usage, "a label is one line of text, and not empty.")
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
        let others = known.isEmpty ? "It has no labels." : "Its labels are: \(known.joined(separator: ", "))."
        return "\(target.name) has no label '\(tag)'. \(others) Nothing was changed."
    }
}

struct NoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "note", abstract: "Put a remark on a run, or on one execution; the view tags holds it.",
        discussion: "RUN is a number or `latest`. Example: runs note latest \"new split, seed 3\"")

    @Argument(help: ArgumentHelp("The run, then the remark.", valueName: "run-and-text"))
    var words: [String]

    @OptionGroup var labelOptions: LabelOptions

    func run() throws {
        let (store, target, texts) = try labelOptions.open(words)
        let text = texts.joined(separator: " ")
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw Failure(.usage, "give \(target.name) a remark, as in: runs note latest \"new split\"")
        }
        guard labelOptions.remove else { return try store.addNote(text, to: target, at: .now()) }
        if try !store.removeNote(text, from: target) {
            throw Failure(
                .usage,
                "\(target.name) has no remark '\(text)'. `runs query \"select * from tags\"` shows them; nothing was "
                    + "changed.")
        }
    }
}
