// Which target may import which: the picture in docs/architecture.md as a table. Knows names; does not know what any
// target does. A new arrow needs a line here and a reason there.

/// The arrows between targets.
enum ArrowTable {
    /// What each target may import, beside ``everywhere``. Targets that are still to come have their place already.
    static let rows: [String: Set<String>] = [
        // The nouns, and what stands below everything.
        "Model": [],
        "CLinux": [],
        "CSQLite": [],
        "CZlib": [],
        "CYAML": [],
        "CSupervisor": [],
        "Programs": ["Model", "CLinux"],
        "JSON": ["Model"],
        // Pure: values in, values out.
        "DataFormats": ["Model", "JSON", "CYAML"],
        "PipelineFormat": ["Model", "JSON", "DataFormats"],
        "Planner": ["Model", "Crypto"],
        "PlanCache": ["Model", "Crypto"],
        "Report": ["Model"],
        "Tuning": ["Model"],
        // The disk, the database, the machine.
        "RunsSQL": [],
        "Store": ["Model", "RunsSQL", "CSQLite", "Crypto"],
        "Workspace": ["Model", "Programs", "CLinux", "Crypto"],
        "Provenance": ["Model", "Programs", "CZlib"],
        "GPU": ["Programs"],
        // Engines: where stages run.
        "EngineAPI": ["Model"],
        "SupervisorProgram": ["CLinux"],
        "ProcessHost": ["EngineAPI", "Model", "GPU", "Programs", "CLinux", "SupervisorProgram"],
        "LocalEngine": ["EngineAPI", "ProcessHost", "Model", "GPU", "Programs", "CLinux"],
        "StageHost": ["EngineAPI", "ProcessHost", "Model", "GPU", "JSON", "Programs", "CLinux"],
        "SlurmEngine": ["EngineAPI", "Model", "JSON", "Programs"],
        "RayEngine": ["EngineAPI", "Model", "JSON", "Programs"],
        // The run.
        "Coordinator": [
            "EngineAPI", "Model", "JSON", "Planner", "PlanCache", "Workspace", "Programs", "CLinux", "DequeModule",
            "HeapModule",
        ],
        // The edge.
        "WebServer": ["CLinux"],
        "Exchange": ["Model", "JSON", "Programs"],
        "CLI": [
            "ArgumentParser", "Coordinator", "EngineAPI", "Exchange", "GPU", "JSON", "LocalEngine", "Model",
            "PipelineFormat", "PlanCache", "Planner", "ProcessHost", "Programs", "Provenance", "RayEngine", "Report",
            "SlurmEngine", "StageHost", "Store", "Tuning", "WebServer", "Workspace",
        ],
        "runs": ["CLI", "CLinux", "CSupervisor"],
        // Tools of the build.
        "EmbedSQLTool": ["Foundation"],
        "EmbedSQL": ["Foundation", "PackagePlugin"],
        "EmbedSupervisorTool": ["Foundation"],
        "EmbedSupervisor": ["Foundation", "PackagePlugin"],
        // Tests.
        "TestSupport": ["Foundation", "Testing"],
        "CommandTests": ["Foundation", "Testing", "TestSupport"],
        "ArchitectureTests": ["Foundation", "Testing", "TestSupport"],
        "CSupervisorTests": ["Foundation", "Testing", "TestSupport", "ProcessHost", "Model"],
    ]

    /// Modules of the system that any target may import. Foundation is not one: the program is linked without it.
    static let everywhere: Set<String> = ["Glibc", "Synchronization", "Dispatch"]

    /// What a target may import; nil if the table does not know it. `NAMETests` may import NAME and what NAME may.
    static func imports(of target: String) -> Set<String>? {
        if let row = rows[target] { return row.union(everywhere) }
        guard target.hasSuffix("Tests"), case let tested = String(target.dropLast(5)), let row = rows[tested] else {
            return nil
        }
        return row.union(everywhere).union([tested, "Foundation", "Testing", "TestSupport"])
    }

    /// What a target reaches by any number of arrows.
    static func reach(of target: String) -> Set<String> {
        var found: Set<String> = []
        var pending = [target]
        while let next = pending.popLast() {
            for name in rows[next] ?? [] where found.insert(name).inserted { pending.append(name) }
        }
        return found
    }

    /// Modules that share their name with a type in them, from before this was checked. Such a module's other types
    /// cannot be qualified: no new ones.
    static let namedLikeAType: Set<String> = ["LocalEngine", "Store", "SupervisorProgram", "Workspace"]
}
