// Which files match a pattern.

import Glibc
import Model
import TestSupport
import Testing

@testable import Workspace

@Suite struct GlobbingTests {
    static let table: [(pattern: String, matches: [String])] = [
        ("*.csv", ["B.csv", "a.csv"]),
        ("data/*.csv", ["data/one.csv", "data/two.csv"]),
        ("./data/*.csv", ["data/one.csv", "data/two.csv"]),
        ("data/*", ["data/linked", "data/one.csv", "data/two.csv"]),
        ("data/.*", ["data/.hidden.csv"]),
        (
            "**/*.csv",
            [
                "B.csv", "a.csv", "data/alias/er/three.csv", "data/deep/er/three.csv", "data/one.csv", "data/two.csv",
            ]
        ),
        (
            "data/**",
            ["data/alias/er/three.csv", "data/deep/er/three.csv", "data/linked", "data/one.csv", "data/two.csv"]
        ),
        ("data/deep/up/*.csv", ["data/deep/up/one.csv", "data/deep/up/two.csv"]),
        ("data/*/er/*", ["data/alias/er/three.csv", "data/deep/er/three.csv"]),
        ("d*/deep/../one.csv", []),
        ("data/on[ef].csv", ["data/one.csv"]),
        ("data/???.csv", ["data/one.csv", "data/two.csv"]),
        ("a.csv", ["a.csv"]),
        ("gone/*.csv", []),
        ("a.csv/*", []),
        (".runs/*", []),
        (".runs/**", []),
        ("**/.runs/*", []),
        (".*/*", []),
        (".git/*", [".git/config"]),
        ("übung/*", ["übung/ ein\nname", "übung/-x"]),
    ]

    @Test(arguments: table) func matches(pattern: String, matches: [String]) throws {
        let folder = try TemporaryFolder()
        for path in [
            "a.csv", "B.csv", "data/one.csv", "data/two.csv", "data/.hidden.csv", "data/deep/er/three.csv",
            ".runs/runs.db", "sub/.runs/runs.db", ".git/config", "übung/ ein\nname", "übung/-x",
        ] { try folder.write(path, "") }
        try folder.link("data/linked", to: "one.csv")
        try folder.link("data/dangling", to: "nowhere")
        try folder.link("data/alias", to: "deep")
        try folder.link("data/deep/up", to: "..")
        try #require(mkfifo(folder.path("data/fifo"), 0o644) == 0)
        #expect(try folder.workspace().matches(of: pattern) == matches)
        #expect(try folder.workspace().matches(of: folder.path(pattern)) == matches.map(folder.path))
    }
}
