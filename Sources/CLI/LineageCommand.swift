// `runs lineage`: where a file comes from, and what was made from it. Takes the digest of what is on disk now; the rest
// is the store's.

import ArgumentParser
import Glibc
import Model
import Report
import Store
import Workspace

struct LineageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage", abstract: "Which execution made a file, from what, and what was made from it.",
        discussion: """
            The file is known by its content: an old copy, under another name or outside of the project, is found too. \
            Folders that are an input or output of a stage are known as well.
            """)

    @Argument(help: "A file or a folder.")
    var path: String

    @Option(help: "text or json (docs/store.md describes it).")
    var format = ReportFormat.text

    @OptionGroup var storeOptions: StoreOptions

    func run() throws {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw Failure(.usage, "name a file, as in: runs lineage models/a.json")
        }
        let project = try Project.find(from: ".", storeOptions)
        let store = try project.openForReading()
        var place = Place(path, in: project)
        var found: Lineage?
        // A file in a folder that was made as a whole: by its content alone it may be taken for somebody's copy of it.
        if try store.owner(ofPath: place.recorded) == nil,
            let folder = try folderMadeAsAWhole(around: place, project, store)
        {
            found = try lineage(of: folder, in: store)
            if found != nil {
                if format == .text {
                    Terminal.standardOutput.writeForeign(
                        "\(place.recorded) lies in \(folder.recorded), which was made as a whole\n")
                }
                place = folder
            }
        }
        guard let lineage = try found ?? lineage(of: place, in: store) else { throw try unknown(place, in: store) }
        switch format {
        case .text:
            Terminal.standardOutput.writeForeign(lineageText(lineage, path: place.recorded))
            if let line = try laterVersion(of: lineage, in: store) { Terminal.standardOutput.writeForeign(line + "\n") }
        case .json: Terminal.standardOutput.writeForeign(lineageJSON(lineage, path: place.recorded).text + "\n")
        }
    }

    private func folderMadeAsAWhole(around place: Place, _ project: Project, _ store: Store) throws -> Place? {
        var folder = place.recorded[...]
        while let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            folder = folder[..<slash]
            guard try store.owner(ofPath: String(folder)) != nil else { continue }
            return Place(folder.hasPrefix("/") ? String(folder) : "\(project.root)/\(folder)", in: project)
        }
        return nil
    }

    /// nil: no execution made or read what is there.
    private func lineage(of place: Place, in store: Store) throws -> Lineage? {
        var status = stat()
        guard stat(place.absolute, &status) == 0 else { return nil }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        guard isFolder || status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.usage, "'\(path)' is neither a file nor a folder. Name one that a stage made or read.")
        }
        do {
            // Sizes and times are quickly taken, and tell of most that no execution knows it.
            guard
                let stats = try Workspace(lookingBelow: "/", cache: []).fingerprint(of: place.absolute, mode: .metadata)
            else { return nil }
            let lineage = try store.lineage(of: stats, at: place.recorded)
            if !lineage.makers.isEmpty || !lineage.readers.isEmpty { return lineage }
            guard try store.holds(isFolder ? .tree : .content, sizeBytes: stats.sizeBytes) else { return nil }
            let workspace = Workspace(lookingBelow: "/", cache: try store.cachedDigests())
            guard let content = try workspace.fingerprint(of: place.absolute, mode: .content) else { return nil }
            let found = try store.lineage(of: content, at: place.recorded)
            return found.makers.isEmpty && found.readers.isEmpty ? nil : found
        } catch let failure as WorkspaceFailure {
            throw Failure(.usage, failure.description)
        }
    }

    private func unknown(_ place: Place, in store: Store) throws -> Failure {
        var status = stat()
        let isThere = stat(place.absolute, &status) == 0
        let reason = String(cString: strerror(errno))
        if let owner = try store.owner(ofPath: place.recorded), let maker = try store.stage(of: owner) {
            return notWhatWasMade(by: "execution \(owner) of stage '\(maker.stage)'", maker.state, isThere: isThere)
        }
        guard isThere else { return Failure(.usage, "'\(path)' cannot be read: \(reason).") }
        if status.st_mode & S_IFMT == S_IFDIR {
            return Failure(
                .usage,
                "'\(path)' is a folder, and no execution made or read exactly what it holds now. Name a file in it, or "
                    + "a folder that is an input or output of a stage.")
        }
        return Failure(.usage, "no execution made or read what '\(path)' holds, under any name.")
    }

    private func notWhatWasMade(by maker: String, _ state: ExecutionState, isThere: Bool) -> Failure {
        let versions = "`runs query \"select * from outputs where path = '…'\"` lists every version that was made."
        switch state {
        case .queued, .running:
            return Failure(.usage, "\(maker) is making '\(path)' now. Ask again when it has ended.")
        case .succeeded where isThere:
            return Failure(
                .usage,
                "what '\(path)' holds now no execution made or read: it was changed since \(maker) made it. \(versions)"
            )
        case .succeeded:
            return Failure(.usage, "'\(path)' is not on disk; \(maker) was the last to make it. \(versions)")
        case .failed, .timedOut, .outOfMemory, .interrupted, .lost, .stopped:
            let what = isThere ? "what '\(path)' holds is not trusted" : "'\(path)' is not on disk"
            return Failure(.usage, "\(what): \(maker), the last to make it, ended as \(state.rawValue). \(versions)")
        }
    }

    /// Whether what is looked at is no longer what lies, or lay last, at the path where it was made.
    private func laterVersion(of lineage: Lineage, in store: Store) throws -> String? {
        guard let maker = lineage.makers.first, let node = lineage.nodes[maker],
            let made = node.outputs.first(where: { $0.fingerprint.digest == lineage.fingerprint.digest }),
            let owner = try store.owner(ofPath: made.path), owner > maker, !lineage.makers.contains(owner),
            let later = try store.stage(of: owner), later.state == .succeeded
        else { return nil }
        return "a newer \(made.path) was made by execution \(owner) of \(later.stage)"
    }
}

/// A path of the command line.
private struct Place {
    let absolute: String
    /// As the store would name it: relative to the project, absolute outside of it.
    let recorded: String

    init(_ path: String, in project: Project) {
        // The folder's links are followed, the file's own name stays.
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
