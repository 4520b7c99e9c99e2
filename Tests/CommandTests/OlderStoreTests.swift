// Stores that 0.1.0 made, as a user of the new program has them: views answer what 0.1.0 answered, and the next run
// goes on. The stores are kept in Tests/StoreTests/Stores.

import Foundation
import TestSupport
import Testing

@Suite struct OlderStoreTests {
    let project: TestProject

    init() throws { project = try TestProject() }

    private static let stores = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "StoreTests/Stores/0.1.0").path()

    /// The kept store and the files that its stages read.
    private func copy(_ name: String) throws {
        try project.write(".runs/.keep", "")
        for file in ["runs.db", "runs.db-wal"] where FileManager.default.fileExists(atPath: kept(name, file)) {
            try FileManager.default.copyItem(atPath: kept(name, file), toPath: project.path(".runs/\(file)"))
        }
        try project.write("pipeline.json", try String(contentsOfFile: "\(Self.stores)/pipeline.json", encoding: .utf8))
        try project.write("raw/iris.csv", "3\n1\n2\n")
        try project.write("raw/wine.csv", "5\n4\n")
    }

    private func kept(_ name: String, _ file: String) -> String { "\(Self.stores)/\(name)/\(file)" }

    @Test(arguments: ["finished", "killed"]) func viewsAnswerAsBefore(name: String) throws {
        try copy(name)
        let views = try FileManager.default.contentsOfDirectory(atPath: kept(name, "views"))
            .filter { $0.hasSuffix(".sql") }
        #expect(views.count == 16)
        for file in views {
            let sql = try String(contentsOfFile: kept(name, "views/\(file)"), encoding: .utf8)
            let answer = file.replacing(".sql", with: ".json")
            let expected = try String(contentsOfFile: kept(name, "views/\(answer)"), encoding: .utf8)
            #expect(try project.runs("query", "--format", "json", sql).output == expected, "\(file)")
        }
    }

    @Test func theRunThatWasKilledIsLostAndTheNextGoesOn() throws {
        try copy("killed")
        try project.write("fast", "")
        let result = try project.runs("exec", "clean", "train", "long", "--set", "lr=0.2")
        #expect(result.status == 0, "\(result.story)")
        #expect(
            try project.query("select run_id, status from runs order by run_id").map { $0["status"]?.text }
                == ["succeeded", "lost", "succeeded"])
        let lost = try project.query("select state, error from executions where run_id = 2 and stage like 'long%'")
        #expect(lost.map { $0["state"]?.text } == ["lost", "lost"])
        let reasons = try project.query(
            "select reason, new_value from decisions where run_id = 3 and stage = 'long@dataset=iris'")
        #expect(
            reasons.map { $0["reason"]?.text } == ["last_interrupted"]
                && reasons.map { $0["new_value"]?.text } == ["lost"])
        #expect(try project.runs("doctor").status == 0)
    }

    /// Keys had another encoding then.
    @Test func resultsOf010StayFresh() throws {
        try copy("finished")
        for dataset in ["iris", "wine"] {
            let lines = (project.read("raw/\(dataset).csv") ?? "").split(separator: "\n").sorted()
            try project.write("clean/\(dataset).csv", lines.map { $0 + "\n" }.joined())
            try project.write("models/\(dataset)", "\(lines.count)\n")
        }
        let secret = ["API_TOKEN": "secret"]
        // The second time from the plan cache.
        for _ in 1...2 {
            try project.expect(
                "exec", "clean", "train@dataset=iris", environment: secret, errors: ["all 3 stages fresh"])
        }
        try project.expect(
            "exec", "train@dataset=iris", "--set", "lr=0.3", environment: secret,
            errors: ["param lr changed: 0.05 → 0.3"])
    }

    @Test func aHistoryIsReadByEveryCommand() throws {
        try copy("finished")
        for arguments in [
            ["history", "train"], ["show", "2"], ["stats"], ["best", "f1"], ["status"], ["why", "slow"],
        ] {
            let result = try project.runs(arguments)
            #expect(result.status == 0, "\(result.story)")
        }
    }
}
