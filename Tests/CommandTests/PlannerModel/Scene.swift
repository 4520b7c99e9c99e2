// A project under test beside the model of it: edits change the model, `settle` makes the folder equal to it. Keeps
// what was done, for whoever has to understand a failure.

import TestSupport

/// Whether old outputs may be put back in a case: where the design leaves a detail of keeping open, the others hold.
enum KeepingPolicy: CaseIterable {
    case keepOne, keepTwo, keepNone, neverRestore
}

struct Scene {
    let project: TestProject
    let policy: KeepingPolicy
    let seed: UInt64
    var random: SeededGenerator
    var draft: Draft
    var oracle = Oracle()
    private(set) var history: [String] = []
    /// Earlier drafts with their sources and script versions, to go back to.
    private var snapshots: [(draft: Draft, sources: [String: String], versions: [String: Int])] = []
    private(set) var onDisk: [String: String] = [:]
    private var faultsOnDisk: [String: Fault] = [:]

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        project = try TestProject()
        policy = random.pick(KeepingPolicy.allCases) ?? .neverRestore
        let (draft, sources) = Draft.random(&random)
        self.draft = draft
        oracle.disk = sources
        for path in ModelLinks.files { oracle.disk[path] = Draft.content(path, &random) }
        for (link, target) in ModelLinks.all { try project.link(link, to: "../../\(target)") }
        for index in self.draft.templates.indices {
            switch policy {
            case .keepTwo: self.draft.templates[index].keep = 2
            case .keepNone: self.draft.templates[index].keep = 0
            case .keepOne, .neverRestore: break
            }
            oracle.setScript(of: self.draft.templates[index], version: Int.random(in: 1...3, using: &random))
        }
        try project.write("trace/all", "")
        try project.write("faults/none", "")
    }

    var environment: [String: String] {
        [
            StageProgram.traceVariable: project.path("trace/all"),
            StageProgram.faultsVariable: project.path("faults"),
        ]
    }

    mutating func note(_ line: String) { history.append(line) }

    /// Everything needed to see the failure again.
    var story: String {
        """
        seed \(seed), \(policy); again: RUNS_TEST_SEED=\(seed) swift test --filter PlannerPropertyTests
        \(history.joined(separator: "\n"))
        --- pipeline.json
        \(draft.shortPipelineText)
        """
    }

    mutating func takeSnapshot() {
        snapshots.append((draft, oracle.disk.filter { Self.isSource($0.key) }, oracle.scriptVersions))
    }

    private static func isSource(_ path: String) -> Bool {
        path.hasPrefix("src/") || path.hasPrefix(ModelLinks.store + "/")
    }

    /// As a checkout of an earlier commit does; outputs stay as they are.
    mutating func goBack() -> String? {
        guard let snapshot = random.pick(snapshots) else { return nil }
        draft = snapshot.draft
        oracle.disk = oracle.disk.filter { !Self.isSource($0.key) }.merging(snapshot.sources) { $1 }
        for template in draft.templates {
            if let version = snapshot.versions[template.name] { oracle.setScript(of: template, version: version) }
        }
        return "went back to an earlier pipeline and its sources"
    }

    /// Writes to the folder what the model says is in it. What did not change is not touched.
    mutating func settle() throws {
        try project.write("pipeline.json", draft.pipelineText)
        for path in onDisk.keys where oracle.disk[path] == nil {
            try project.remove(path)
            try removeEmptyFolders(above: path)
        }
        for (path, text) in oracle.disk where onDisk[path] != text { try project.write(path, text) }
        onDisk = oracle.disk
        for stage in faultsOnDisk.keys where oracle.faults[stage] == nil { try project.remove("faults/\(stage)") }
        for (stage, fault) in oracle.faults { try project.write("faults/\(stage)", fault.rawValue + "\n") }
        faultsOnDisk = oracle.faults
    }

    /// After a run the model's disk is the folder's, as far as the checks have found them equal.
    mutating func adoptRun() {
        onDisk = oracle.disk
        faultsOnDisk = oracle.faults
    }

    /// An output folder with nothing in it is removed as a whole: an empty folder is not a missing one.
    private func removeEmptyFolders(above path: String) throws {
        var folder = path[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            func isInside(_ path: String) -> Bool { path.hasPrefix(folder + "/") }
            let isInUse = oracle.disk.keys.contains(where: isInside) || ModelLinks.all.keys.contains(where: isInside)
            guard folder.contains("/"), !isInUse else { return }
            try project.remove(String(folder))
        }
    }
}

extension Oracle {
    mutating func setScript(of template: Draft.Template, version: Int) {
        guard template.form.hasScript else { return }
        scriptVersions[template.name] = version
        disk[template.scriptPath] = StageProgram.script(version: version)
    }
}
