// Which stages make what, for paths that no input names. Knows the graph; does not know files.

import Model

/// Looks up the makers of paths. Made when the first path is looked up, so that it costs nothing where there is none.
public final class MakerIndex {
    private let graph: Graph
    private lazy var makers = Dictionary(
        graph.stages.enumerated().flatMap { index, stage in stage.outputs.map { ($0.path, index) } },
        uniquingKeysWith: { first, _ in first })
    /// By stage: the stages that come after it.
    private var later: [StageIndex: [Bool]] = [:]

    public init(_ graph: Graph) { self.graph = graph }

    /// The stages with an output that is this path, that it lies in, or that lies in it.
    public func makers(of member: RecordedPath) -> [StageIndex] {
        let path = member.path
        var found: [StageIndex] = []
        if let maker = makers[path] { found.append(maker) }
        for index in path.indices where path[index] == "/" {
            if let maker = makers[String(path[..<index])] { found.append(maker) }
        }
        if member.fingerprint.kind == .tree {
            found += makers.filter { $0.key.hasPrefix(path + "/") }.map(\.value).sorted()
        }
        return found
    }

    /// Whether the maker is done before the stage starts: one of its predecessors, or before one of them.
    public func comes(_ maker: StageIndex, before stage: StageIndex) -> Bool {
        if let known = later[maker] { return known[stage] }
        let table = graph.closure(downstreamOf: [maker])
        later[maker] = table
        return table[stage]
    }
}
