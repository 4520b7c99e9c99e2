// `runs lineage`: where a file comes from, and what was made from it. Knows how to digest the file on disk; the store
// knows the executions.

import ArgumentParser
import Glibc
import Model
import Report
import Store
import Workspace

struct LineageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage", abstract: "Show which execution made a file, from what, and what was made from it.",
        discussion: """
            The file is identified by its content: an old copy under another name, or outside the project, is found \
            too. A folder is found if it is an input or output of a stage.
            """)

    @Argument(help: "File or folder")
    var path: String

    @Option(help: "Print the lineage in this format; docs/store.md describes the JSON")
    var format = ReportFormat.text

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw Failure(.usage, "no file named (example: runs lineage models/a.json)")
        }
        let project = try Project.find(from: ".", storeOptions)
        let store = try project.openForReading()
        var place = Place(path, in: project)
        var found: Lineage?
        // For a file in an output folder, show the folder: the file's content alone could match an unrelated copy.
        if try store.owner(ofPath: place.recorded) == nil,
            let folder = try outputFolder(containing: place, project, store)
        {
            found = try lineage(of: folder, in: store)
            if found != nil {
                if format == .text {
                    Terminal.standardOutput.writeForeign(
                        "\(place.recorded) is part of the output folder \(folder.recorded)\n")
                }
                place = folder
            }
        }
        guard let lineage = try found ?? lineage(of: place, in: store) else {
            throw try noLineage(of: place, in: store)
        }
        switch format {
        case .text:
            Terminal.standardOutput.writeForeign(lineageText(lineage, path: place.recorded))
            if let line = try laterVersion(of: lineage, in: store) { Terminal.standardOutput.writeForeign(line + "\n") }
        case .json: Terminal.standardOutput.writeForeign(lineageJSON(lineage, path: place.recorded).text + "\n")
        }
    }

    private func outputFolder(containing place: Place, _ project: Project, _ store: Store) throws -> Place? {
        var folder = place.recorded[...]
        while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            folder = folder[..<slash]
            guard try store.owner(ofPath: String(folder)) != nil else { continue }
            return Place(folder.hasPrefix("/") ? String(folder) : "\(project.root)/\(folder)", in: project)
        }
        return nil
    }

    /// nil: no execution made or read the current contents.
    private func lineage(of place: Place, in store: Store) throws -> Lineage? {
        var status = stat()
        guard stat(place.absolute, &status) == 0 else { return nil }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        guard isFolder || status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.usage, "'\(path)' is neither a regular file nor a folder")
        }
        do {
            // Comparing sizes and times first is fast, and usually shows that no execution knows the file.
            guard
                let stats = try Workspace(lookingBelow: "/", cache: []).fingerprint(
                    of: place.absolute, scope: DigestScope(.metadata))
            else { return nil }
            let lineage = try store.lineage(of: stats, at: place.recorded)
            if !lineage.makers.isEmpty || !lineage.readers.isEmpty { return lineage }
            guard try store.holds(isFolder ? .tree : .content, sizeBytes: stats.sizeBytes) else { return nil }
            let workspace = Workspace(lookingBelow: "/", cache: try store.cachedDigests())
            // As it was made, and as it was read through links.
            for scope in [DigestScope(.content), DigestScope(.content, followsLinks: true)] {
                guard let content = try workspace.fingerprint(of: place.absolute, scope: scope) else { return nil }
                let found = try store.lineage(of: content, at: place.recorded)
                if !found.makers.isEmpty || !found.readers.isEmpty { return found }
            }
            return nil
        } catch let failure as WorkspaceFailure {
            throw Failure(.usage, failure.description)
        }
    }

    private func noLineage(of place: Place, in store: Store) throws -> Failure {
        var status = stat()
        let exists = stat(place.absolute, &status) == 0
        let reason = String(cString: strerror(errno))
        if let owner = try store.owner(ofPath: place.recorded), let maker = try store.stage(of: owner) {
            return notTheOutput(of: "execution \(owner) of stage '\(maker.stage)'", maker.state, exists: exists)
        }
        guard exists else { return Failure(.usage, "cannot read '\(path)': \(reason)") }
        if status.st_mode & S_IFMT == S_IFDIR {
            return Failure(
                .usage,
                "no execution made or read the current contents of folder '\(path)' (name a file in it, or a folder "
                    + "that is an input or output of a stage)")
        }
        return Failure(.usage, "no execution made or read the contents of '\(path)', under any name")
    }

    private func notTheOutput(of maker: String, _ state: ExecutionState, exists: Bool) -> Failure {
        let versions = "(`runs query \"select * from outputs where path = '…'\"` lists all recorded versions)"
        switch state {
        case .queued, .running:
            return Failure(.usage, "\(maker) is writing '\(path)'; try again when it has ended")
        case .succeeded where exists:
            return Failure(
                .usage,
                "'\(path)' has changed since \(maker) made it; no execution made or read its current contents "
                    + versions)
        case .succeeded:
            return Failure(.usage, "'\(path)' does not exist; \(maker) was the last to make it \(versions)")
        case .failed, .timedOut, .outOfMemory, .interrupted, .lost, .stopped:
            let problem = exists ? "the contents of '\(path)' are not valid" : "'\(path)' does not exist"
            return Failure(.usage, "\(problem): \(maker), the last to make it, ended as \(state.rawValue) \(versions)")
        }
    }

    /// A line about a newer version at the path where the file was made, if there is one.
    private func laterVersion(of lineage: Lineage, in store: Store) throws -> String? {
        guard let maker = lineage.makers.first, let node = lineage.nodes[maker],
            let made = node.outputs.first(where: { $0.fingerprint.digest == lineage.fingerprint.digest }),
            let owner = try store.owner(ofPath: made.path), owner > maker, !lineage.makers.contains(owner),
            let later = try store.stage(of: owner), later.state == .succeeded
        else { return nil }
        return "a newer \(made.path) was made by execution \(owner) of \(later.stage)"
    }
}

/// A path from the command line.
private struct Place {
    let absolute: String
    /// As recorded in the store: relative to the project, absolute outside of it.
    let recorded: String

    init(_ path: String, in project: Project) {
        // Links of the folder are resolved, the file's own name is kept.
        let slash = path.lastIndex(of: "/")
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let full: String
        if ["", ".", ".."].contains(name) {
            full = (try? Project.absolute(path)) ?? path
        } else if let folder = try? Project.absolute(folder) {
            full = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
        } else {
            full = path
        }
        absolute = full
        recorded = full.hasPrefix(project.root + "/") ? String(full.dropFirst(project.root.count + 1)) : full
    }
}
