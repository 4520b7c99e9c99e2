// The layout that docs/architecture.md describes is the one in Package.swift and in the sources. Knows this package's
// files; the rules are in Checks.swift.

import Foundation
import TestSupport
import Testing

@Suite struct ArchitectureTests {
    private static let package = readPackage()

    @Test func thePackageWasRead() {
        #expect(Self.package.targets.contains { $0.name == "Planner" && $0.dependencies == ["Model", "Crypto"] })
        #expect(Self.package.files.contains { $0.path == "Sources/Planner/StalenessRule.swift" })
        for target in Self.package.targets {
            #expect(Self.package.files.contains { $0.path.hasPrefix(target.path + "/") }, "\(target.name) has no files")
        }
    }

    @Test func everyArrowIsInTheTable() {
        for target in Self.package.targets {
            for problem in Self.package.forbiddenArrows(of: target) { Issue.record("\(problem)") }
        }
    }

    @Test func dependenciesAreWhatIsImported() {
        for target in Self.package.targets {
            for problem in Self.package.undeclaredOrUnused(of: target) { Issue.record("\(problem)") }
        }
    }

    @Test func noFurtherModuleIsNamedLikeATypeInIt() {
        #expect(Self.package.modulesNamedLikeATypeInThem() == ArrowTable.namedLikeAType)
    }

    @Test func everyFileOpensWithAComment() {
        #expect(Self.package.filesWithoutHead() == [], "say what the file knows, and what it does not")
    }

    /// What no line that is added to the table may bring about.
    @Test(
        arguments: [
            ("Model", []), ("Planner", ["Model"]), ("PlanCache", ["Model"]), ("Report", ["Model"]),
            ("Tuning", ["Model"]),
        ] as [(String, Set<String>)])
    func pureTargetsReachNothingElse(_ target: String, _ allowed: Set<String>) {
        #expect(ArrowTable.reach(of: target).subtracting(["Crypto"]) == allowed)
    }

    @Test(
        arguments: [
            ("Store", ["Planner", "Workspace", "Programs", "Coordinator", "EngineAPI"]),
            ("Planner", ["Store"]),
            (
                "Coordinator",
                ["LocalEngine", "StageHost", "SlurmEngine", "RayEngine", "ProcessHost", "GPU", "Store", "CLI"]
            ),
            ("LocalEngine", ["Store", "Planner", "Coordinator", "Workspace"]),
            ("StageHost", ["Store", "Planner", "Coordinator", "Workspace"]),
            ("SlurmEngine", ["Store", "Planner", "Coordinator", "Workspace", "ProcessHost"]),
            ("RayEngine", ["Store", "Planner", "Coordinator", "Workspace", "ProcessHost"]),
        ] as [(String, Set<String>)])
    func whatMustNeverBeReached(_ target: String, _ forbidden: Set<String>) {
        #expect(ArrowTable.reach(of: target).intersection(forbidden) == [])
    }

    @Test func onlyTheStoreImportsSQLite() {
        #expect(ArrowTable.rows.filter { $0.value.contains("CSQLite") }.map(\.key) == ["Store"])
    }
}

/// The package that these tests are part of.
private func readPackage() -> Package {
    func text(_ path: String) -> String {
        FileManager.default.contents(atPath: "\(packageFolder)/\(path)").map { String(decoding: $0, as: UTF8.self) }
            ?? ""
    }
    var files: [SourceFile] = []
    for folder in ["Sources", "Plugins", "Tests", "migrations", "sql"] {
        for case let name as String in FileManager.default.enumerator(atPath: "\(packageFolder)/\(folder)") ?? .init() {
            let path = "\(folder)/\(name)"
            // Kept stores hold views as they once were.
            if path.contains(/\.(swift|c|h|sql|py|sh|modulemap)$/), !path.hasPrefix("Tests/StoreTests/Stores/") {
                files.append(SourceFile(path: path, text: text(path)))
            }
        }
    }
    return Package(targets: targets(inManifest: text("Package.swift")), files: files)
}
