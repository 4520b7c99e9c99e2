// Links among the sources, and what does not count of a folder. Written from the description of inputs alone.

/// Files that are left out of every folder and pattern.
enum ModelNoise {
    static func includes(_ file: String) -> Bool {
        file.split(separator: "/").contains("__pycache__") || file.hasSuffix(".pyc")
    }

    /// The folder whose inputs have an `exclude` list, which is this one.
    static let excludingFolder = "src/tree1"
    static let exclude = [StageProgram.ignoredFile]

    static func isExcluded(_ file: String, from input: ModelPath) -> Bool {
        input == .path(excludingFolder) && file.hasSuffix("/" + StageProgram.ignoredFile)
    }
}

/// Links that are there all the time; what they lead to is edited.
enum ModelLinks {
    static let store = "store"
    /// By link, the target from the project's folder.
    static let all = ["src/tree0/linked": store, "src/deep/linked": store, "src/flat/linked.csv": "\(store)/a.csv"]
    static let files = ["\(store)/a.csv", "\(store)/more/b.csv"]

    /// The disk as a reader sees it who follows links.
    static func followed(_ disk: [String: String]) -> [String: String] {
        var seen = disk
        for (link, target) in all {
            for (path, text) in disk where path == target || path.hasPrefix(target + "/") {
                seen[link + path.dropFirst(target.count)] = text
            }
        }
        return seen
    }
}
