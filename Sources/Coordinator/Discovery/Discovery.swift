// What an ended execution has read without naming it: gathered from imports, a depfile and reported lines, without what
// does not count, and digested. Knows paths and stamps; does not know how it is recorded or used.

import Glibc
import Model
import Workspace

/// Where an execution tells what it reads.
struct DiscoverySources: Sendable {
    /// Absolute: the file of the hook in Python; nil: not asked for.
    let importNotes: String?
    /// Relative to the pipeline's folder.
    let depfile: String?
    /// What the depfile looked like before the start; nil: there was none, or that is not known.
    let earlierDepfile: FileStamp?
    /// Relative to the pipeline's folder.
    let workingDirectory: String?
    /// What is named: inputs as they were found, and outputs.
    let named: [String]
    /// The stage's inputs: what they leave out of a folder is not named.
    var inputs: [Input] = []
    /// Before its process was created.
    let startedAt: Timestamp

    /// Whether there is anything to read. Asked where looking at it would be work for nothing.
    func exist(root: String) -> Bool {
        if let depfile, access("\(root)/\(depfile)", F_OK) == 0 { return true }
        return importNotes.map { access($0, F_OK) == 0 } ?? false
    }
}

/// What was found.
struct Discovery: Sendable {
    /// Each path once.
    var inputs: [RecordedPath] = []
    /// Paths that are no longer what was read.
    var changed: [String] = []
    /// Why the depfile cannot be used.
    var problem: String?
    /// Python ran with the hook.
    var reportsImports = false

    /// Adds what another source reported.
    mutating func merge(_ other: Discovery) {
        let known = Set(inputs.map(\.path))
        inputs += other.inputs.filter { !known.contains($0.path) }
        changed += other.changed.filter { !changed.contains($0) }
    }
}

/// Looks at what an execution has read.
struct Discoverer: Sendable {
    private let sources: DiscoverySources
    private let workspace: Workspace
    private let named: Set<String>

    init(_ sources: DiscoverySources, in workspace: Workspace) {
        self.sources = sources
        self.workspace = workspace
        named = Set(sources.named)
    }

    /// The notes of the hook and, after a success, the depfile.
    func find(isSuccess: Bool) -> Discovery {
        var found = Discovery()
        if let path = sources.importNotes {
            let notes = ImportNotes(readingFile: path)
            found.reportsImports = notes.isAlive
            for (path, stamp) in notes.stamps.sorted(by: { $0.key < $1.key })
            where projectPath(of: "\(workspace.root)/\(path)") == path && !isNamed(path) {
                add(path, stamp, isConsistent: !notes.inconsistent.contains(path), to: &found)
            }
        }
        guard isSuccess, let depfile = sources.depfile else { return found }
        if let before = sources.earlierDepfile, (try? workspace.stamp(of: depfile)) == before {
            found.problem = "its depfile '\(depfile)' was not written: it is that of an earlier execution"
            return found
        }
        let (paths, problem) = Depfile.prerequisites(inFile: "\(workspace.root)/\(depfile)", shownAs: depfile)
        found.problem = problem
        found.merge(find(reported: paths))
        return found
    }

    /// Paths as the stage names them: absolute, or relative to its working directory.
    func find(reported paths: [String]) -> Discovery {
        var found = Discovery()
        var seen = Set<String>()
        for written in paths {
            guard let path = projectPath(of: written), seen.insert(path).inserted, !isNamed(path) else { continue }
            guard
                let fingerprint = (try? workspace.fingerprint(of: path, scope: DigestScope(discovered: path, .content)))
                    ?? nil
            else {
                found.changed.append(path)
                continue
            }
            found.inputs.append(RecordedPath(discovered: path, fingerprint: fingerprint))
            // Nothing is known of what it looked like when it was read.
            guard let stamp = try? workspace.stamp(of: path), isBeforeStart(stamp) else {
                found.changed.append(path)
                continue
            }
        }
        return found
    }

    private func add(_ path: String, _ stamp: FileStamp, isConsistent: Bool, to found: inout Discovery) {
        let fingerprint = (try? workspace.fingerprint(of: path, scope: DigestScope(discovered: path, .content))) ?? nil
        let now = (try? workspace.stamp(of: path)) ?? nil
        if let fingerprint, now == stamp, isConsistent {
            found.inputs.append(RecordedPath(discovered: path, fingerprint: fingerprint))
            return
        }
        // The stage made it and removed it again.
        if now == nil, !isBeforeStart(stamp) { return }
        found.changed.append(path)
        // Its content is not known any more, but its size and time are.
        found.inputs.append(RecordedPath(discovered: path, fingerprint: Workspace.metadataFingerprint(of: stamp)))
    }

    private func isBeforeStart(_ stamp: FileStamp) -> Bool {
        stamp.changedNanoseconds < sources.startedAt.microseconds * 1000
    }

    private func isNamed(_ path: String) -> Bool {
        if named.contains(path) { return true }
        return path.indices.contains { index in
            guard path[index] == "/", case let folder = String(path[..<index]), named.contains(folder) else {
                return false
            }
            let inside = String(path[path.index(after: index)...])
            return !sources.inputs.contains {
                $0.path == folder && !$0.isGlob && ExclusionFilter($0.scope.exclusions).omits(path: inside)
            }
        }
    }

    /// Relative to the pipeline's folder; nil for what lies outside, or belongs to this program.
    private func projectPath(of written: String) -> String? {
        let root = workspace.root
        var path = written
        if !path.hasPrefix("/") { path = sources.workingDirectory.map { "\($0)/\(path)" } ?? path }
        path = normalized(path)
        if path.hasPrefix("/"), !path.hasPrefix(root + "/"), let resolved = realpath(path, nil) {
            defer { free(resolved) }
            path = String(cString: resolved)
        }
        if path.hasPrefix(root + "/") { path = String(path.dropFirst(root.count + 1)) }
        if path.isEmpty || path == "." || path == ".." || path.hasPrefix("/") || path.hasPrefix("../") { return nil }
        return path == RunFiles.folder || path.hasPrefix(RunFiles.folder + "/") ? nil : path
    }
}
