// The targets in the text of a Package.swift. Knows as much of the manifest's form as this one uses; does not run it.

/// One target of the package.
struct Target: Equatable {
    enum Kind: String { case target, executableTarget, testTarget, plugin, systemLibrary }

    let kind: Kind
    let name: String
    /// Relative to the package.
    let path: String
    /// Targets and products, as the manifest lists them.
    let dependencies: [String]
}

/// The targets of a manifest, in order.
func targets(inManifest text: String) -> [Target] {
    let text = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
    var rest = text[...]
    var targets: [Target] = []
    while let match = rest.firstMatch(of: /\.(target|executableTarget|testTarget|plugin|systemLibrary)\(/) {
        let body = balanced(rest[match.range.upperBound...], "(", ")")
        rest = rest[body.endIndex...]
        guard let kind = Target.Kind(rawValue: String(match.1)), let name = body.firstMatch(of: /name: "([^"]+)"/)?.1
        else { continue }
        var dependencies: [String] = []
        if let list = body.firstMatch(of: /\bdependencies: \[/) {
            let elements = balanced(body[list.range.upperBound...], "[", "]").replacing(/, package: "[^"]*"/) { _ in ""
            }
            dependencies = elements.matches(of: /"([^"]*)"/).map { String($0.1) }
        }
        let folder = kind == .testTarget ? "Tests" : kind == .plugin ? "Plugins" : "Sources"
        targets.append(
            Target(
                kind: kind, name: String(name),
                path: body.firstMatch(of: /\bpath: "([^"]+)"/).map { String($0.1) } ?? "\(folder)/\(name)",
                dependencies: dependencies))
    }
    return targets
}

/// The text up to the bracket that closes what was opened before it.
private func balanced(_ text: Substring, _ opening: Character, _ closing: Character) -> Substring {
    var depth = 1
    return text.prefix { character in
        if character == opening { depth += 1 }
        if character == closing { depth -= 1 }
        return depth > 0
    }
}
