// The rules can fail: each is shown a package that breaks it. Knows made-up packages; reads no file.

import Testing

@Suite struct CheckTests {
    private static let manifest = """
        let package = Package(
            name: "p",
            dependencies: [.package(url: "https://example.com/swift-crypto", from: "1.0.0")],
            targets: [
                // .target(name: "Gone"),
                .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
                .target(name: "Model"),
                .target(name: "Planner", dependencies: ["Model", .product(name: "Crypto", package: "swift-crypto")]),
                .target(
                    name: "Store",
                    dependencies: ["Model", "CSQLite"], plugins: ["EmbedSQL"]),
                .executableTarget(name: "runs", dependencies: []),
                .target(name: "TestSupport", path: "Tests/TestSupport"),
                .testTarget(name: "StoreTests", dependencies: ["Store", "runs"]),
            ])
        """

    /// Nothing is wrong with it.
    private static let files = [
        "Sources/Model/Stage.swift": "// Stages.\npublic struct Stage {}\n",
        "Sources/Planner/Plan.swift": "// Plans.\nimport Model\nimport struct Crypto.SHA256\n",
        "Sources/Store/Rows.swift": "// Rows.\nimport CSQLite\nimport Glibc\nimport Model\n",
        "Sources/Store/read.sql": "-- Reads.\nSELECT 1\n",
        "Tests/StoreTests/RowTests.swift": "// Rows.\nimport Testing\n\n@testable import Store\n",
    ]

    private func package(_ changes: [String: String] = [:], manifest: String = manifest) -> Package {
        let files = Self.files.merging(changes) { $1 }
        return Package(
            targets: targets(inManifest: manifest),
            files: files.map { SourceFile(path: $0.key, text: $0.value) }.sorted { $0.path < $1.path })
    }

    private func forbidden(_ package: Package) -> [String] { package.targets.flatMap(package.forbiddenArrows) }
    private func disagreements(_ package: Package) -> [String] { package.targets.flatMap(package.undeclaredOrUnused) }

    @Test func aManifestIsRead() {
        let targets = targets(inManifest: Self.manifest)
        #expect(
            targets.map(\.name) == ["CSQLite", "Model", "Planner", "Store", "runs", "TestSupport", "StoreTests"])
        #expect(targets[2].dependencies == ["Model", "Crypto"] && targets[2].path == "Sources/Planner")
        #expect(targets[3].dependencies == ["Model", "CSQLite"])
        #expect(targets[5].path == "Tests/TestSupport" && targets[6].path == "Tests/StoreTests")
    }

    @Test func aGoodPackageHasNoProblem() {
        let package = package()
        #expect(forbidden(package) == [] && disagreements(package) == [])
        #expect(package.modulesNamedLikeATypeInThem() == [] && package.filesWithoutHead() == [])
    }

    @Test(arguments: [
        "import Store", "@testable import Store", "@_exported import Store", "public import Store", "import Foundation",
        "import struct Store.Row", "@preconcurrency import class Store.Connection",
    ])
    func anImportThatIsNotInTheTable(_ line: String) {
        let name = line.contains("Foundation") ? "Foundation" : "Store"
        #expect(
            forbidden(package(["Sources/Planner/Plan.swift": "// Plans.\nimport Model\n\(line)\n"])) == [
                "Sources/Planner/Plan.swift: Planner must not import \(name) (see docs/architecture.md; the table is "
                    + "Tests/ArchitectureTests/ArrowTable.swift)"
            ])
    }

    @Test func aDependencyThatIsNotInTheTable() {
        let manifest = Self.manifest.replacing(
            "[\"Model\", \"CSQLite\"]", with: "[\"Model\", \"CSQLite\", \"Planner\"]")
        let found = forbidden(package(manifest: manifest))
        #expect(found.count == 1 && found[0].hasPrefix("Package.swift: Store must not import Planner"), "\(found)")
    }

    @Test func aTargetThatIsNotInTheTable() {
        let found = forbidden(package(manifest: Self.manifest.replacing("\"Model\"),", with: "\"Mode\"),")))
        #expect(found.count == 1 && found[0].hasPrefix("Package.swift: target Mode is not in"), "\(found)")
    }

    @Test func aTestOfOneTargetDoesNotImportAnother() {
        let found = forbidden(package(["Tests/StoreTests/RowTests.swift": "// Rows.\nimport Planner\n"]))
        #expect(found.count == 1 && found[0].contains("StoreTests must not import Planner"), "\(found)")
    }

    @Test func textIsNotAnImport() {
        let text =
            "// Plans.\nimport Model\nimport struct Crypto.SHA256\n\nlet python = #\"\"\"\nimport Store\n\"\"\"#\n"
        #expect(forbidden(package(["Sources/Planner/Plan.swift": text])) == [])
    }

    @Test func anUnusedDependency() {
        let found = disagreements(package(["Sources/Store/Rows.swift": "// Rows.\nimport CSQLite\n"]))
        #expect(found == ["Package.swift: Store depends on Model, but no file of it imports that"])
    }

    @Test func anUndeclaredImport() {
        let text = "// Rows.\nimport CSQLite\nimport Crypto\nimport Model\n"
        let found = disagreements(package(["Sources/Store/Rows.swift": text]))
        #expect(
            found == ["Sources/Store/Rows.swift: imports Crypto, which is not a dependency of Store in Package.swift"])
    }

    @Test(arguments: [
        "public final class Store {", "enum Store {}", "public typealias Store = Int", "@frozen struct Store {",
    ])
    func aModuleNamedLikeATypeInIt(_ declaration: String) {
        let text = "// Rows.\nimport CSQLite\nimport Model\n\(declaration)\n"
        #expect(package(["Sources/Store/Rows.swift": text]).modulesNamedLikeATypeInThem() == ["Store"])
    }

    @Test(arguments: [
        ("Sources/Store/Rows.swift", "import CSQLite\n"), ("Sources/Store/read.sql", "SELECT 1\n"),
        ("Sources/Model/Empty.swift", ""), ("Sources/CLinux/calls.c", "#include <x.h>\nint x;\n"),
    ])
    func aFileWithoutAHead(_ path: String, _ text: String) {
        #expect(package([path: text]).filesWithoutHead() == [path])
    }
}
