// The documentation: every column of every view is described, every query in docs/store.md runs, and the schema accepts
// the examples and rejects invalid files, checked by an independent validator.

import Foundation
import TestSupport
import Testing

private func document(_ path: String) throws -> String {
    try String(contentsOfFile: "\(packageFolder)/\(path)", encoding: .utf8)
}

@Suite struct DocumentTests {
    @Test func allColumnsOfAllViewsAreDocumented() throws {
        let project = try TestProject()
        try project.write("pipeline.json", #"{"name": "p", "stages": {"s": {"command": "true"}}}"#)
        try project.runs("exec")
        let text = try document("docs/store.md")
        for view in [
            "runs", "executions", "decisions", "inputs", "outputs", "params", "lineage_params", "metrics",
            "final_metrics", "resources", "gpu_samples", "tags", "stage_stats",
        ] {
            let columns = try project.query("select name from pragma_table_info('\(view)')").compactMap {
                $0["name"]?.text
            }
            let section = try #require(
                text.split(separator: "\n## ").first { $0.prefix { $0 != ":" }.contains("`\(view)`") },
                "no section for \(view)")
            let described = section.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| column") }
                .flatMap {
                    $0.split(separator: "|")[0].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                }
            #expect(Set(described) == Set(columns), "\(view)")
        }
        for view in ["latest", "current"] {
            let columns = "select group_concat(name) as n from pragma_table_info"
            #expect(try project.query("\(columns)('\(view)')") == project.query("\(columns)('executions')"), "\(view)")
        }
    }

    @Test func everyDocumentedQueryRuns() throws {
        let project = try TestProject.copy(ofExample: "tabular")
        try project.runs("exec", "train@dataset=iris")
        let queries = try document("docs/store.md").components(separatedBy: "```sql\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }
        #expect(queries.count == 10)
        for sql in queries {
            let parameters = sql.contains(":sha256") ? ["-p", "sha256=00"] : []
            let result = try project.runs(["query"] + parameters + [sql])
            #expect(result.status == 0, "\(result.story)")
        }
    }

    @Test func predefinedQueriesAreDocumented() throws {
        let text = try document("docs/store.md")
        let listed = try JSON.lines(try TestProject().runs("query", "--list", "--format", "jsonl").output)
        for name in listed.compactMap({ $0["name"]?.text }) { #expect(text.contains("`\(name)`"), "\(name)") }
    }

    @Test func theSchemaAcceptsExamplesAndRejectsInvalidFiles() throws {
        let project = try TestProject()
        try project.write("schema.json", try project.runs("schema").output)
        try project.runs("init", "starter")
        let wrong = [
            "[]", "{}", #"{"stages": {}}"#,
            #"{"name": "p", "stages": {"a": {"comand": "x", "command": "x"}}}"#,
            #"{"name": "p", "stages": {"a": {"command": 7}}}"#, #"{"name": "p", "stages": {"a": {"command": []}}}"#,
            #"{"name": "p", "stages": {"a": {"command": "x", "retries": -1}}}"#,
            #"{"name": "p", "stages": {"a": {"command": "x", "outputs": {"o": {"persist": true}}}}}"#,
            #"{"name": "p", "stages": {"a b": {"command": "x"}}}"#,
            #"{"name": "p", "stages": {"a": {"command": "x", "always": "yes"}}}"#,
        ]
        for (index, text) in wrong.enumerated() { try project.write("wrong-\(index).json", text) }
        try project.write("validate.py", validator)
        let python = try #require(
            pythonWithJSONSchema, "no python3 here has the module jsonschema: install python3-jsonschema")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            python, "validate.py", "\(packageFolder)/Examples/tabular/pipeline.json",
            "\(packageFolder)/Examples/sweep/sweep.json",
            "starter/pipeline.json",
        ]
        process.currentDirectoryURL = URL(fileURLWithPath: project.folder)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        for index in wrong.indices {
            #expect(try project.runs("exec", "--dry-run", "wrong-\(index).json").status == 2, "\(wrong[index])")
        }
    }

    @Test(arguments: ["show", "diff", "best", "lineage"])
    func helpOfReadingCommands(_ command: String) throws { try helpOfCommands(command) }

    @Test func theStarterRunsAndOverwritesNothing() throws {
        let project = try TestProject()
        #expect(try project.runs("init").status == 0)
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
        #expect(
            try project.query("select count(*) as n from final_metrics where name = 'words' and last = 1000")[0]["n"]?
                .integer == 3)
        #expect(try project.runs("init").status == 2)
    }

    @Test(arguments: [
        "exec", "query", "history", "status", "why", "logs", "init", "schema", "doctor", "gc", "stats", "accept",
        "reject", "tag", "note",
    ])
    func helpOfCommands(_ command: String) throws {
        let result = try TestProject().runs(["help", command], environment: ["COLUMNS": "100"])
        #expect(result.status == 0)
        try expectGolden(result.output, "help-\(command)", [])
    }
}

/// Comments and trailing commas, which are not JSON, are removed from the valid files first.
private let validator = """
    import json, glob, re, sys, jsonschema
    schema = json.load(open("schema.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    def strip(text):
        text = re.sub(r'("(?:[^"\\\\\\\\]|\\\\\\\\.)*")|//[^\\n]*', lambda m: m.group(1) or "", text)
        return re.sub(r",(\\s*[}\\]])", r"\\1", text)
    for path in sys.argv[1:]:
        errors = [e.message for e in validator.iter_errors(json.loads(strip(open(path).read())))]
        assert not errors, (path, errors)
    for path in sorted(glob.glob("wrong-*.json")):
        assert list(validator.iter_errors(json.load(open(path)))), path + " is accepted: " + open(path).read()
    """

private let pythonWithJSONSchema: String? = ["python3", "/usr/bin/python3"].first { python in
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", "import jsonschema"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}
