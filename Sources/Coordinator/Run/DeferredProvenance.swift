// What takes long to find out about the code and the machine: asked for on a thread of its own when the first stage may
// start, and recorded when the answer comes. What only the stages reported is added in the end. Does not know how it is found
// out.

import Model

/// Asks for provenance.
public struct ProvenanceQuestions: Sendable {
    /// - Parameter paths: files whose text is kept if git does not track them, relative to the pipeline's folder.
    public var atStart: @Sendable (_ paths: [String]) -> DeferredProvenance
    /// The uncommitted changes with further such files.
    public var withMore: @Sendable (_ paths: [String], GitDiff?) -> GitDiff?

    public init(
        atStart: @escaping @Sendable (_ paths: [String]) -> DeferredProvenance,
        withMore: @escaping @Sendable (_ paths: [String], GitDiff?) -> GitDiff?
    ) {
        self.atStart = atStart
        self.withMore = withMore
    }
}

/// What a run has asked for.
struct ProvenanceState {
    /// The answer has not come yet.
    var isAwaited = false
    var answer: DeferredProvenance?
    /// Files that were asked about.
    var paths = Set<String>()
    /// Further ones, which executions have read.
    var newPaths = Set<String>()
}

extension Run {
    /// Begins to ask.
    func ask(_ questions: ProvenanceQuestions) throws(Failure) {
        let queue = queue
        var sets = Set<DiscoveredSetID>()
        for (index, stage) in graph.stages.enumerated() where state.isOpen[index] {
            for input in stage.inputs where input.name == "program" { provenance.paths.insert(input.path) }
            if let set = history.newest(stage.name)?.discovered { sets.insert(set) }
        }
        for set in sets { for member in try history.discovered(set) { provenance.paths.insert(member.path) } }
        let paths = provenance.paths.sorted()
        provenance.isAwaited = driver.onThreadOfItsOwn { queue.put(.provenance(questions.atStart(paths))) }
    }

    func record(_ found: DeferredProvenance) throws(Failure) {
        provenance.isAwaited = false
        provenance.answer = found
        try store.recordProvenance(found, of: identity.run)
    }

    /// Notes what an execution has read.
    func noteUse(of discovery: Discovery) {
        for input in discovery.inputs where !provenance.paths.contains(input.path) {
            provenance.newPaths.insert(input.path)
        }
    }

    /// A run that is over before the answer comes waits a little for it, and then adds what was not known before.
    func completeProvenance(_ questions: ProvenanceQuestions) throws(Failure) {
        try awaitOtherThreads()
        guard var answer = provenance.answer, !provenance.newPaths.isEmpty else { return }
        let diff = questions.withMore(provenance.newPaths.sorted(), answer.diff)
        guard diff != answer.diff else { return }
        answer.diff = diff
        try store.recordProvenance(answer, of: identity.run)
    }

    /// Waits a little for the answer, and for temporary folders to be removed.
    private func awaitOtherThreads() throws(Failure) {
        let deadline = driver.now().adding(seconds: 2)
        while true {
            let left = interruption.signal == nil ? deadline.seconds(since: driver.now()) : 0
            let isAsking = provenance.isAwaited && left > 0
            guard isAsking || foldersBeingCleared > 0 else { return }
            _ = driver.wait(seconds: isAsking ? left : 1, for: [queue.descriptor])
            if driver.nextSignal() != nil { return }
            for message in queue.take() {
                switch message {
                case .provenance(let found): try record(found)
                case .cleared(let problem): cleared(problem)
                default: break
                }
            }
        }
    }
}
