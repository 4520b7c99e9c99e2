// The pipeline as a DAG of stages, expanded and validated. Knows structure only: what comes before what.

/// A stage's place in `Graph.stages`.
public typealias StageIndex = Int

/// A validated pipeline. Acyclic; every edge is known before anything runs.
public struct Graph: Sendable {
    /// The pipeline's name.
    public var pipeline: String
    /// In the order of the file, a template's stages in the order of its matrix.
    public let stages: [Stage]
    /// For each stage, its direct predecessors: through a path, `from` or `needs`. Sorted, no duplicates.
    public let predecessors: [[StageIndex]]
    /// The same edges the other way. Sorted.
    public let successors: [[StageIndex]]
    /// Every stage after all of its predecessors; otherwise in file order.
    public let order: [StageIndex]
    /// For each stage and each of its inputs, the predecessors whose outputs equal, contain, lie inside or may match
    /// it. Empty: the input is a source, not made by any stage.
    public let producers: [[[StageIndex]]]
    /// What `exec` without stages makes.
    public let defaultTargets: [StageIndex]
    /// Totals of counted resources (`"capacity"` in the file).
    public let capacity: [String: Quantity]
    /// Which names are secret.
    public var secrets = SecretRules()

    /// Precondition: the edges form no cycle (the caller has checked and reported it).
    public init(
        pipeline: String, stages: [Stage], predecessors: [[StageIndex]], producers: [[[StageIndex]]],
        defaultTargets: [StageIndex], capacity: [String: Quantity]
    ) {
        self.pipeline = pipeline
        self.stages = stages
        self.predecessors = predecessors
        self.producers = producers
        self.defaultTargets = defaultTargets
        self.capacity = capacity
        var successors = [[StageIndex]](repeating: [], count: stages.count)
        for (stage, before) in predecessors.enumerated() {
            for predecessor in before { successors[predecessor].append(stage) }
        }
        self.successors = successors
        order = Self.topologicalOrder(predecessors: predecessors, successors: successors).order
    }

    /// Kahn's algorithm. `isComplete` is false when a cycle keeps stages out of the order.
    public static func topologicalOrder(
        predecessors: [[StageIndex]], successors: [[StageIndex]]
    ) -> (order: [StageIndex], isComplete: Bool) {
        var waitingFor = predecessors.map(\.count)
        var order: [StageIndex] = waitingFor.indices.filter { waitingFor[$0] == 0 }
        order.reserveCapacity(predecessors.count)
        var next = 0
        while next < order.count {
            for successor in successors[order[next]] {
                waitingFor[successor] -= 1
                if waitingFor[successor] == 0 { order.append(successor) }
            }
            next += 1
        }
        return (order, order.count == predecessors.count)
    }

    /// The stages and everything they need, as a membership table over `stages`. A frozen stage needs nothing.
    public func closure(upstreamOf targets: some Sequence<StageIndex>) -> [Bool] {
        closure(of: targets) { stages[$0].isFrozen ? [] : predecessors[$0] }
    }

    /// The stages and everything that depends on them.
    public func closure(downstreamOf targets: some Sequence<StageIndex>) -> [Bool] {
        closure(of: targets) { successors[$0] }
    }

    private func closure(of targets: some Sequence<StageIndex>, next: (StageIndex) -> [StageIndex]) -> [Bool] {
        var member = [Bool](repeating: false, count: stages.count)
        var pending = Array(targets)
        while let stage = pending.popLast() {
            guard !member[stage] else { continue }
            member[stage] = true
            pending.append(contentsOf: next(stage))
        }
        return member
    }
}
