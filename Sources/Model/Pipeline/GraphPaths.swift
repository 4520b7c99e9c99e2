// Paths of a graph, seen from another folder: for a pipeline in a folder below the one that holds the store.

extension Graph {
    /// The same graph with every relative path put below `prefix` (`sub/folder/`), and commands run there.
    public func moved(into prefix: String) -> Graph {
        func moved(_ path: String) -> String { path.hasPrefix("/") ? path : normalized(prefix + path) }
        let stages = stages.map { stage in
            var stage = stage
            stage.workingDirectory = moved(stage.workingDirectory ?? ".")
            stage.inputs = stage.inputs.map {
                Input(
                    name: $0.name, path: moved($0.path), isGlob: $0.isGlob, mode: $0.mode, exclusions: $0.exclusions)
            }
            stage.discovery.depfile = stage.discovery.depfile.map(moved)
            stage.discovery.ignoredPrograms = stage.discovery.ignoredPrograms.map(moved)
            stage.outputs = stage.outputs.map {
                Output(
                    name: $0.name, path: moved($0.path), mode: $0.mode, persistence: $0.persistence,
                    isMetrics: $0.isMetrics, isExternal: $0.isExternal)
            }
            return stage
        }
        var graph = Graph(
            pipeline: pipeline, stages: stages, predecessors: predecessors, producers: producers,
            defaultTargets: defaultTargets, capacity: capacity)
        graph.secrets = secrets
        return graph
    }
}

/// The path without `.`, `//` and, where a folder before it can be dropped, `..`.
public func normalized(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
        if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
    }
    let joined = parts.joined(separator: "/")
    return path.hasPrefix("/") ? "/" + joined : joined.isEmpty ? "." : joined
}

/// The path relative to a folder inside the pipeline's; both are normalized. An absolute path is unchanged.
public func relative(_ path: String, to folder: String?) -> String {
    guard let folder, !path.hasPrefix("/"), !folder.hasPrefix("/"), folder != "..", !folder.hasPrefix("../") else {
        return path
    }
    let parts = path == "." ? [] : path.split(separator: "/")
    let base = folder.split(separator: "/")
    let shared = zip(parts, base).prefix { $0 == $1 }.count
    let result = Array(repeating: "..", count: base.count - shared) + parts.dropFirst(shared).map(String.init)
    return result.isEmpty ? "." : result.joined(separator: "/")
}
