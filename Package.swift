// swift-tools-version: 6.1
import PackageDescription

// The arrows between targets are the architecture: see docs/architecture.md.
let package = Package(
    name: "runs",
    products: [.executable(name: "runs", targets: ["runs"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    ],
    targets: [
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "CSupervisor", exclude: ["main.c"]),
        .target(name: "CLinux"),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CYAML", providers: [.apt(["libyaml-dev"])]),
        .target(name: "Programs", dependencies: ["Model", "CLinux"]),
        .target(name: "GPU", dependencies: ["Programs"]),
        .target(name: "Provenance", dependencies: ["Model", "Programs", "CZlib"]),
        .executableTarget(name: "EmbedSQLTool"),
        .plugin(name: "EmbedSQL", capability: .buildTool(), dependencies: ["EmbedSQLTool"]),
        .target(name: "RunsSQL", exclude: ["migrations", "sql"], plugins: ["EmbedSQL"]),
        .executableTarget(name: "EmbedSupervisorTool"),
        .plugin(name: "EmbedSupervisor", capability: .buildTool(), dependencies: ["EmbedSupervisorTool"]),
        .target(name: "SupervisorProgram", dependencies: ["CLinux"], plugins: ["EmbedSupervisor"]),
        .target(name: "Model"),
        .target(name: "JSON", dependencies: ["Model"]),
        .target(name: "DataFormats", dependencies: ["Model", "JSON", "CYAML"]),
        .target(name: "PipelineFormat", dependencies: ["Model", "JSON", "DataFormats"]),
        .target(
            name: "Planner",
            dependencies: ["Model", .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "PlanCache", dependencies: ["Model", .product(name: "Crypto", package: "swift-crypto")]),
        .target(
            name: "Store",
            dependencies: ["Model", "RunsSQL", "CSQLite", .product(name: "Crypto", package: "swift-crypto")]),
        .target(
            name: "Workspace",
            dependencies: ["Model", "Programs", "CLinux", .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "EngineAPI", dependencies: ["Model"]),
        .target(
            name: "ProcessHost",
            dependencies: ["EngineAPI", "Model", "GPU", "Programs", "CLinux", "SupervisorProgram"]),
        .target(
            name: "LocalEngine",
            dependencies: ["EngineAPI", "ProcessHost", "Model", "GPU", "Programs", "CLinux"]),
        .target(
            name: "Coordinator",
            dependencies: [
                "EngineAPI", "Model", "JSON", "Planner", "PlanCache", "Workspace", "Programs", "CLinux",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ]),
        .target(name: "Report", dependencies: ["Model"]),
        .target(
            name: "CLI",
            dependencies: [
                "Model", "JSON", "PipelineFormat", "Planner", "PlanCache", "Store", "Workspace", "GPU", "EngineAPI",
                "ProcessHost", "LocalEngine", "Coordinator", "Report", "Provenance", "Programs",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(name: "runs", dependencies: ["CLI", "CLinux", "CSupervisor"]),

        // What all tests may use: seeds, waiting, folders, projects. Imports nothing of the program.
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .testTarget(name: "ModelTests", dependencies: ["Model", "TestSupport"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "Model", "TestSupport"]),
        .testTarget(name: "DataFormatsTests", dependencies: ["DataFormats", "JSON", "Model"]),
        .testTarget(name: "PipelineFormatTests", dependencies: ["PipelineFormat", "JSON", "Model", "TestSupport"]),
        .testTarget(name: "PlannerTests", dependencies: ["Planner", "Model"]),
        .testTarget(name: "PlanCacheTests", dependencies: ["PlanCache", "Model", "TestSupport"]),
        .testTarget(
            name: "StoreTests", dependencies: ["Store", "RunsSQL", "Model", "CSQLite", "TestSupport"],
            exclude: ["Stores"]),
        .testTarget(name: "ReportTests", dependencies: ["Report", "Model"]),
        .testTarget(name: "WorkspaceTests", dependencies: ["Workspace", "Model", "TestSupport"]),
        .testTarget(name: "GPUTests", dependencies: ["GPU"]),
        .testTarget(name: "ProgramsTests", dependencies: ["Programs", "TestSupport"]),
        .testTarget(name: "ProvenanceTests", dependencies: ["Provenance", "Model", "TestSupport"]),
        .testTarget(name: "ProcessHostTests", dependencies: ["ProcessHost", "EngineAPI", "GPU", "Model"]),
        .testTarget(
            name: "LocalEngineTests", dependencies: ["LocalEngine", "EngineAPI", "GPU", "Model", "TestSupport"]),
        .testTarget(
            name: "CoordinatorTests",
            dependencies: ["Coordinator", "EngineAPI", "JSON", "Planner", "Model", "CLinux", "TestSupport"]),
        .testTarget(name: "CSupervisorTests", dependencies: ["ProcessHost", "Model", "TestSupport", "runs"]),
        // These drive the built program and import nothing of it.
        .testTarget(name: "CommandTests", dependencies: ["TestSupport", "runs"], exclude: ["Golden"]),
        .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
