// The expanded pipeline in a form from which single stages can be decoded: edges and paths as numbers, each stage as
// bytes. Knows the graph; does not know the disk.

import Model

/// One list of numbers for each stage, in two arrays.
struct NumberLists: Sendable {
    /// The start of each list, and the end of the last.
    private(set) var starts: [UInt32] = [0]
    private(set) var numbers: [UInt32] = []

    init() {}

    /// nil unless these are `count` lists of numbers below `limit`.
    init?(starts: [UInt32], numbers: [UInt32], count: Int, limit: Int) {
        guard starts.count == count + 1, starts.first == 0, starts.last.map({ Int($0) }) == numbers.count,
            zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }), numbers.allSatisfy({ Int($0) < limit })
        else { return nil }
        self.starts = starts
        self.numbers = numbers
    }

    mutating func append(_ list: some Sequence<Int>) {
        for number in list { numbers.append(UInt32(clamping: number)) }
        starts.append(UInt32(clamping: numbers.count))
    }

    var count: Int { starts.count - 1 }

    subscript(index: Int) -> ArraySlice<UInt32> { numbers[Int(starts[index])..<Int(starts[index + 1])] }
}

/// The cached form of a pipeline's stages.
public struct PipelineBody: Sendable {
    private static let version = 3

    public let capacity: [String: Quantity]
    /// Warnings of loading, printed when something runs.
    public let warnings: [String]
    /// By stage: whether the request selects it.
    public let isSelected: [Bool]
    /// By stage: whether its verdict depends on more than its paths.
    let isAlwaysEvaluated: [Bool]
    /// By selected stage: its inputs and outputs, as numbers in the index.
    let paths: NumberLists
    /// By set of discovered inputs: its paths. Many stages share a set.
    let sets: NumberLists
    /// By stage: the number of its set, from 1; 0: it has none.
    let setOfStage: [UInt32]
    let predecessors: NumberLists
    /// Topological order.
    private let order: [UInt32]
    /// The start of each stage in `encoded`, and the end of the last.
    private let stageStarts: [UInt32]
    private let encoded: [UInt8]
    private let pathCount: Int

    public var stagesTotal: Int { isSelected.count }

    /// - Parameter discovered: the paths of each set of discovered inputs, and by stage the place of its set in them.
    /// - Returns: the body, and the paths of the selected stages, each once; the body refers to them by number.
    public static func made(
        of graph: Graph, isSelected: [Bool], discovered: (sets: [[String]], ofStage: [Int?]), warnings: [String]
    ) -> (body: PipelineBody, paths: PathTable) {
        var (table, numbers) = (PathTable(), [String: Int](minimumCapacity: graph.stages.count))
        var (paths, predecessors) = (NumberLists(), NumberLists())
        var isAlwaysEvaluated: [Bool] = []
        var writer = ByteWriter()
        var stageStarts: [UInt32] = [0]
        func number(of path: String) -> Int {
            if let known = numbers[path] { return known }
            numbers[path] = table.count
            table.append(path)
            return table.count - 1
        }
        for (index, stage) in graph.stages.enumerated() {
            let used =
                isSelected[index] ? stage.inputs.filter { !$0.isGlob }.map(\.path) + stage.outputs.map(\.path) : []
            paths.append(used.map(number))
            predecessors.append(graph.predecessors[index])
            isAlwaysEvaluated.append(stage.isAlways || stage.isFrozen || stage.inputs.contains(where: \.isGlob))
            writer.write(stage)
            writer.write(each: graph.producers[index]) { writer, makers in writer.write(each: makers) { $0.write($1) } }
            writer.seal(from: Int(stageStarts[index]))
            stageStarts.append(UInt32(clamping: writer.bytes.count))
        }
        var sets = NumberLists()
        for set in discovered.sets { sets.append(set.map(number)) }
        let body = PipelineBody(
            capacity: graph.capacity, warnings: warnings, isSelected: isSelected, isAlwaysEvaluated: isAlwaysEvaluated,
            paths: paths, sets: sets, setOfStage: discovered.ofStage.map { $0.map { UInt32($0 + 1) } ?? 0 },
            predecessors: predecessors, order: graph.order.map { UInt32(clamping: $0) }, stageStarts: stageStarts,
            encoded: writer.bytes, pathCount: table.count)
        return (body, table)
    }

    private init(
        capacity: [String: Quantity], warnings: [String], isSelected: [Bool], isAlwaysEvaluated: [Bool],
        paths: NumberLists, sets: NumberLists, setOfStage: [UInt32],
        predecessors: NumberLists, order: [UInt32], stageStarts: [UInt32], encoded: [UInt8], pathCount: Int
    ) {
        self.capacity = capacity
        self.warnings = warnings
        self.isSelected = isSelected
        self.isAlwaysEvaluated = isAlwaysEvaluated
        self.paths = paths
        self.sets = sets
        self.setOfStage = setOfStage
        self.predecessors = predecessors
        self.order = order
        self.stageStarts = stageStarts
        self.encoded = encoded
        self.pathCount = pathCount
    }

    public var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.write(capacity)
        writer.write(each: warnings) { $0.write($1) }
        writer.write(block: isSelected.map { $0 ? 1 : 0 })
        writer.write(block: isAlwaysEvaluated.map { $0 ? 1 : 0 })
        for numbers in [
            paths.starts, paths.numbers, sets.starts, sets.numbers, setOfStage, predecessors.starts,
            predecessors.numbers, order, stageStarts,
        ] { writer.write(numbers) }
        writer.seal()
        var whole = ByteWriter()
        whole.write(block: writer.bytes)
        whole.write(block: encoded)
        return whole.bytes
    }

    /// nil if the bytes are corrupt, of another version, or the count does not match.
    public init?(bytes: [UInt8], pathCount: Int) {
        self.pathCount = pathCount
        var whole = ByteReader(bytes[...])
        do throws(Malformed) {
            var reader = try ByteReader(sealed: try whole.block())
            guard try reader.integer() == Self.version else { return nil }
            capacity = try reader.quantities()
            warnings = try reader.list { reader throws(Malformed) in try reader.text() }
            isSelected = try reader.block().map { $0 != 0 }
            isAlwaysEvaluated = try reader.block().map { $0 != 0 }
            let count = isSelected.count
            let usedPaths = NumberLists(
                starts: try reader.numbers(), numbers: try reader.numbers(), count: count, limit: pathCount)
            let setStarts = try reader.numbers()
            let setPaths = NumberLists(
                starts: setStarts, numbers: try reader.numbers(), count: max(0, setStarts.count - 1), limit: pathCount)
            setOfStage = try reader.numbers()
            let edges = NumberLists(
                starts: try reader.numbers(), numbers: try reader.numbers(), count: count, limit: count)
            order = try reader.numbers()
            stageStarts = try reader.numbers()
            encoded = Array(try whole.block())
            guard let usedPaths, let setPaths, let edges, setOfStage.count == count,
                setOfStage.allSatisfy({ $0 < setStarts.count }), reader.isAtEnd, whole.isAtEnd,
                isAlwaysEvaluated.count == count,
                order.count == count,
                order.allSatisfy({ $0 < count }), stageStarts.count == count + 1, stageStarts[count] == encoded.count,
                zip(stageStarts, stageStarts.dropFirst()).allSatisfy({ $0 <= $1 })
            else { return nil }
            (paths, sets, predecessors) = (usedPaths, setPaths, edges)
        } catch {
            return nil
        }
    }

    // MARK: - Stages affected by a change

    /// By stage: whether it is selected and uses a changed path, is always evaluated, or depends on such a stage.
    ///
    /// - Parameters:
    ///   - isChanged: by path.
    ///   - isSuspect: by stage: whether it is evaluated in any case.
    public func concerned(isChanged: [Bool], isSuspect: [Bool]) -> [Bool] {
        var isConcerned = [Bool](repeating: false, count: stagesTotal)
        let isSetChanged = (0..<sets.count).map { sets[$0].contains { isChanged[Int($0)] } }
        for stage in order.map({ Int($0) }) where isSelected[stage] {
            isConcerned[stage] =
                isAlwaysEvaluated[stage] || isSuspect[stage] || paths[stage].contains { isChanged[Int($0)] }
                || set(of: stage).map { isSetChanged[$0] } ?? false
                || predecessors[stage].contains { isConcerned[Int($0)] }
        }
        return isConcerned
    }

    /// The number of cached stages that are evaluated in any case.
    public func stagesToEvaluate(_ cached: CachedStages) -> Int {
        isSelected.indices.count { isSelected[$0] && (isAlwaysEvaluated[$0] || cached.isSuspect[$0]) }
    }

    /// The inputs and outputs of a selected stage, as numbers in the index.
    public func paths(of stage: StageIndex) -> some Sequence<Int> { paths[stage].lazy.map { Int($0) } }

    /// The set of discovered inputs of a stage.
    public func set(of stage: StageIndex) -> Int? { setOfStage[stage] == 0 ? nil : Int(setOfStage[stage]) - 1 }

    /// The paths of a set, as numbers in the index.
    public func paths(ofSet set: Int) -> some Sequence<Int> { sets[set].lazy.map { Int($0) } }

    /// By path: whether a selected stage other than these uses it.
    public func pathsUsed(besides members: [StageIndex]) -> [Bool] {
        var isOther = isSelected
        for member in members { isOther[member] = false }
        var isUsed = [Bool](repeating: false, count: pathCount)
        var isSetUsed = [Bool](repeating: false, count: sets.count)
        for stage in isOther.indices where isOther[stage] {
            for path in paths[stage] { isUsed[Int(path)] = true }
            if let set = set(of: stage) { isSetUsed[set] = true }
        }
        for set in isSetUsed.indices where isSetUsed[set] {
            for path in sets[set] { isUsed[Int(path)] = true }
        }
        return isUsed
    }

    /// These stages and their selected direct predecessors, in the order of the file.
    public func withNeighbours(_ isConcerned: [Bool]) -> [StageIndex] {
        var isMember = isConcerned
        for stage in isConcerned.indices where isConcerned[stage] {
            for before in predecessors[stage] where isSelected[Int(before)] { isMember[Int(before)] = true }
        }
        return isMember.indices.filter { isMember[$0] }
    }

    /// The graph of these stages only.
    ///
    /// - Parameter members: sorted.
    /// - Returns: nil if the bytes are corrupt.
    public func graph(of members: [StageIndex], pipeline: String) -> Graph? {
        var places: [StageIndex: StageIndex] = [:]
        for (place, member) in members.enumerated() { places[member] = place }
        var (stages, producers, before) = ([Stage](), [[[StageIndex]]](), [[StageIndex]]())
        for member in members {
            do throws(Malformed) {
                var reader = try ByteReader(sealed: encoded[Int(stageStarts[member])..<Int(stageStarts[member + 1])])
                let stage = try reader.stage()
                let makers = try reader.list { reader throws(Malformed) in
                    try reader.list { reader throws(Malformed) in try reader.integer() }
                }
                guard reader.isAtEnd, makers.count == stage.inputs.count else { return nil }
                stages.append(stage)
                producers.append(makers.map { $0.compactMap { places[$0] } })
            } catch {
                return nil
            }
            before.append(predecessors[member].compactMap { places[Int($0)] })
        }
        let graph = Graph(
            pipeline: pipeline, stages: stages, predecessors: before, producers: producers,
            defaultTargets: Array(stages.indices), capacity: capacity)
        // A cycle means that the bytes are corrupt.
        return graph.order.count == stages.count ? graph : nil
    }
}
