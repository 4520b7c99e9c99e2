// The rules, each as a list of sentences about what breaks it. Knows targets, their files and the table; does not know
// where these come from.

/// A package to check.
struct Package {
    let targets: [Target]
    let files: [SourceFile]

    /// The files of a target.
    private func files(of target: Target) -> [SourceFile] { files.filter { $0.path.hasPrefix(target.path + "/") } }

    /// Imports and dependencies that the table does not allow.
    func forbiddenArrows(of target: Target) -> [String] {
        guard let allowed = ArrowTable.imports(of: target.name) else {
            return [
                "Package.swift: target \(target.name) is not in Tests/ArchitectureTests/ArrowTable.swift: "
                    + "decide there what it may import, and describe it in docs/architecture.md"
            ]
        }
        func problem(_ place: String, _ name: String) -> String {
            "\(place): \(target.name) must not import \(name) (see docs/architecture.md; the table is "
                + "Tests/ArchitectureTests/ArrowTable.swift)"
        }
        let imported = files(of: target).flatMap { file in
            file.imports.filter { !allowed.contains($0) }.map { problem(file.path, $0) }
        }
        return imported + libraries(of: target).filter { !allowed.contains($0) }.map { problem("Package.swift", $0) }
    }

    /// Dependencies that no file imports, and imports that are not declared.
    func undeclaredOrUnused(of target: Target) -> [String] {
        let declared = Set(libraries(of: target))
        let undeclared = files(of: target).flatMap { file in
            file.imports.filter { name in
                !declared.contains(name) && (targets.contains { $0.name == name } || isPackageProduct(name))
            }.map { "\(file.path): imports \($0), which is not a dependency of \(target.name) in Package.swift" }
        }
        let imported = Set(files(of: target).flatMap(\.imports))
        return undeclared
            + declared.subtracting(imported).sorted().map {
                "Package.swift: \(target.name) depends on \($0), but no file of it imports that"
            }
    }

    /// Modules with a type of their own name in them. No target imports tests or plugins.
    func modulesNamedLikeATypeInThem() -> Set<String> {
        Set(
            targets.filter { target in
                target.kind == .target && files(of: target).contains { $0.types.contains(target.name) }
            }.map(\.name))
    }

    /// Files that do not open with a comment. That of a C file may stand in its header.
    func filesWithoutHead() -> [String] {
        let headers = Set(files.filter { $0.path.hasSuffix(".h") && $0.opensWithComment }.map(\.name))
        return files.filter { file in
            !file.opensWithComment && !(file.path.hasSuffix(".c") && headers.contains(file.name.dropLast() + "h"))
        }.map(\.path)
    }

    /// Without programs: these are built for a target, not imported by it.
    private func libraries(of target: Target) -> [String] {
        target.dependencies.filter { name in !targets.contains { $0.name == name && $0.kind == .executableTarget } }
    }

    private func isPackageProduct(_ name: String) -> Bool { targets.contains { $0.dependencies.contains(name) } }
}
