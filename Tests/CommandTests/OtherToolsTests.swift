// The store read by other programs: DuckDB, pandas, Datasette and the sqlite3 shell return the same rows as `runs
// query`, with the types in docs/store.md, also while a run is writing.

import Foundation
import TestSupport
import Testing

private let pythonWithDuckDB = pythonWith(
    "duckdb, duckdb_extensions",
    packages: "duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-sqlite-scanner==1.5.5")
private let pythonWithPandas = pythonWith("pandas", packages: "pandas")
private let pythonWithDatasette = pythonWith("datasette", packages: "datasette")
private let hasSQLiteShell = system("command -v sqlite3 > /dev/null") == 0

private let document = try? String(
    contentsOfFile: packageFolder + "/docs/store.md", encoding: .utf8)

/// Type of every column of every view, as documented.
private let documentedTypes: [String: [String: String]] = {
    var types: [String: [String: String]] = [:]
    for section in (document ?? "").components(separatedBy: "\n## ") {
        let title = section.prefix { $0 != ":" && $0 != "\n" }
        let views = title.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        for line in section.split(separator: "\n") where line.hasPrefix("| ") && !line.hasPrefix("| column") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            for view in views where cells.count > 1 {
                for column in cells[0].components(separatedBy: ", ") { types[view, default: [:]][column] = cells[1] }
            }
        }
    }
    types["latest"] = types["executions"]
    types["current"] = types["executions"]
    return types
}()

private let openDuckDB = """
    import json, os, sys, time, duckdb
    from duckdb_extensions import import_extension
    import_extension('sqlite_scanner')
    db = duckdb.connect()
    db.execute('LOAD sqlite_scanner')
    db.execute("ATTACH '.runs/runs.db' AS s (TYPE sqlite, READ_ONLY)")

    """

@Suite struct OtherToolsTests {
    /// Params of every JSON type, non-numeric metrics, params and summaries reported by the stage, tags, notes,
    /// failures, retries, repeats, a rejected and an unselected stage, NULL in every nullable column.
    private func varied() throws -> TestProject {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"""
            {"name": "all", "capacity": {"licence": 2},
             "params": {"text": "ünï 'q'", "int": 3, "big": 12345678901234567890, "real": 0.5, "yes": true, "no": false,
                        "none": null, "list": [1, "a", null], "object": {"a": {"b": 1}}},
             "stages": {
              "make": {"command": ["sh", "make.sh", "${{ json(params) }}"],
                       "outputs": {"text": "o.txt", "scores": {"path": "m.json", "metrics": true}},
                       "resources": {"licence": 1, "memory": "64MiB"}, "timeout": "1h", "env": {"MODE": "fast"},
                       "pass_env": ["RUNS_TEST_UNSET"]},
              "flaky": {"command": "test -e second || { touch second; exit 3; }", "retries": 1},
              "bad": {"command": "kill -9 $$", "retries": 1},
              "use": {"command": "cat ${{ inputs.text }}", "inputs": {"text": {"from": "make.text"}},
                      "params": {"lr": 1e-3}},
              "after": {"command": "true", "needs": ["bad"]}}}
            """#)
        try project.write(
            "make.sh",
            #"""
            echo '{"a": 1, "b": {"c": 2.5}}' > m.json
            echo x > o.txt
            say() { printf '%s\n' "$@" >> "$RUNS_METRICS"; }
            say '{"step": 1, "loss": 0.5}' '{"step": 2, "loss": 0.25}' '{"step": 3, "loss": NaN}'
            say '{"step": 4, "up": Infinity, "down": -Infinity}' '{"param": {"told": 1, "word": "x"}}'
            say '{"summary": {"best": 0.25}}' 'no JSON'
            """#)
        #expect(try project.runs("exec", "--keep-going", "--tag", "t", "--note", "n").status == 1)
        #expect(try project.runs("exec", "make", "--repeat", "4").status == 0)
        #expect(try project.runs("exec", "use", "--force").status == 0)
        #expect(try project.runs("exec", "--keep-going").status == 1)
        #expect(try project.runs("reject", "1", "--reason", "wrong").status == 0)
        return project
    }

    @Test func allColumnsHaveADocumentedType() {
        #expect(documentedTypes.count == 16)
        for (view, columns) in documentedTypes {
            for (column, type) in columns { #expect(["integer", "real", "text"].contains(type), "\(view).\(column)") }
        }
    }

    @Test(.enabled(if: pythonWithDuckDB != nil, "duckdb with its SQLite extension is not here and pip cannot get it"))
    func duckDBReadsEveryViewWithTheDocumentedTypesAndTheSameRows() throws {
        let python = try #require(pythonWithDuckDB)
        let project = try varied()
        try project.write(
            "read.py",
            openDuckDB + """
                for view in sys.argv[1:]:
                    types = dict(row[:2] for row in db.execute(f'DESCRIBE s.{view}').fetchall())
                    rows = db.execute(f'SELECT * FROM s.{view}').fetchall()
                    found = {'types': types, 'rows': [dict(zip(types, row)) for row in rows]}
                    json.dump(found, open(f'{view}.json', 'w'))
                """)
        try project.shell("'\(python)' read.py \(documentedTypes.keys.sorted().joined(separator: " "))")
        let names = ["integer": "BIGINT", "real": "DOUBLE", "text": "VARCHAR"]
        for (view, columns) in documentedTypes {
            let found = try JSONDecoder().decode(JSON.self, from: Data((project.read("\(view).json") ?? "").utf8))
            for (column, type) in columns { #expect(found["types"]?[column]?.text == names[type], "\(view).\(column)") }
            let rows = try project.query("select * from \(view)").map { JSON.object($0) }
            #expect(view == "gpu_samples" || !rows.isEmpty, "\(view)")
            let others = found["rows"]?.array ?? []
            #expect(rows.count == others.count, "\(view)")
            for row in rows { #expect(others.count { $0 == row } == rows.count { $0 == row }, "\(view): \(row)") }
        }
    }

    @Test(.enabled(if: pythonWithDuckDB != nil, "duckdb with its SQLite extension is not here and pip cannot get it"))
    func duckDBFollowsARunThatIsWriting() throws {
        let python = try #require(pythonWithDuckDB)
        let project = try TestProject()
        try project.write(
            "write.sh",
            #"""
            step=0
            until test -e ok; do
                step=$((step + 1))
                echo "{\"step\": $step, \"loss\": 0.5}" >> "$RUNS_METRICS"
                sleep 0.01
            done
            """#)
        try project.write("pipeline.json", #"{"name": "p", "stages": {"a": {"command": "sh write.sh"}}}"#)
        // One connection, held open, sees the rows grow; every view can be read meanwhile.
        try project.write(
            "follow.py",
            openDuckDB + """
                counts = [0]
                deadline = time.monotonic() + 60
                while len(set(counts)) < 4 and time.monotonic() < deadline:
                    counts.append(db.execute("SELECT count(*) FROM s.metrics WHERE name = 'loss'").fetchone()[0])
                    for view in sys.argv[1:]: db.execute(f'SELECT * FROM s.{view}').fetchall()
                assert counts == sorted(counts) and len(set(counts)) >= 4, counts
                assert db.execute('SELECT state FROM s.executions').fetchall() == [('running',)]
                """)
        let command = try project.start(["exec"])
        try wait(for: "a metric") {
            try project.runs("query", "--fail-on-rows", "select 1 from metrics limit 1").status == 1
        }
        try project.shell("'\(python)' follow.py \(documentedTypes.keys.sorted().joined(separator: " "))")
        try project.write("ok", "")
        let result = try command.finish()
        #expect(result.status == 0, "\(result.story)")
        #expect(try project.integrity() == "ok")
    }

    @Test(.enabled(if: pythonWithPandas != nil, "pandas is not here and pip cannot get it"))
    func pandasReadsEveryView() throws {
        let python = try #require(pythonWithPandas)
        let project = try varied()
        try project.write(
            "read.py",
            """
            import json, sqlite3, sys, pandas
            store = sqlite3.connect('file:.runs/runs.db?mode=ro', uri=True)
            frames = {view: pandas.read_sql(f'select * from {view}', store) for view in sys.argv[1:]}
            assert str(frames['executions']['wall_seconds'].dtype) == 'float64'
            assert str(frames['executions']['execution_id'].dtype) == 'int64'
            json.dump({'counts': {view: len(frame) for view, frame in frames.items()},
                       'wall': float(frames['executions'].wall_seconds.sum())}, open('read.json', 'w'))
            """)
        try project.shell("'\(python)' -W ignore read.py \(documentedTypes.keys.sorted().joined(separator: " "))")
        let found = try JSONDecoder().decode(JSON.self, from: Data((project.read("read.json") ?? "").utf8))
        for view in documentedTypes.keys {
            let count = try project.query("select count(*) as n from \(view)")[0]["n"]
            #expect(count != nil && found["counts"]?[view] == count, "\(view)")
        }
        let wall = try #require(try project.query("select sum(wall_seconds) as n from executions")[0]["n"]?.number)
        #expect(abs((found["wall"]?.number ?? 0) - wall) < 1e-9)
    }

    @Test(.enabled(if: pythonWithDatasette != nil, "datasette is not here and pip cannot get it"))
    func datasetteServesEveryView() throws {
        let python = try #require(pythonWithDatasette)
        let project = try varied()
        for view in documentedTypes.keys {
            let address = "/runs/\(view).json?_shape=array&_size=max"
            try project.shell("'\(python)' -W ignore -m datasette .runs/runs.db --get '\(address)' > \(view).json")
            let found = try JSONDecoder().decode(JSON.self, from: Data((project.read("\(view).json") ?? "").utf8))
            let rows = try project.query("select * from \(view)").map { JSON.object($0) }
            #expect(found.array == rows, "\(view)")
        }
    }

    @Test(.enabled(if: hasSQLiteShell, "the sqlite3 shell is not here"))
    func theSQLiteShellReadsEveryView() throws {
        let project = try varied()
        for view in documentedTypes.keys {
            try project.shell("sqlite3 -readonly -json .runs/runs.db 'select * from \(view)' > \(view).json")
            let text = project.read("\(view).json") ?? ""
            let found = try text.isEmpty ? JSON.array([]) : JSONDecoder().decode(JSON.self, from: Data(text.utf8))
            #expect(found.array == (try project.query("select * from \(view)").map { JSON.object($0) }), "\(view)")
        }
    }

    /// The fenced commands of the section on other tools, each with its language.
    private static let documentedCommands: [[String]] = {
        let section = (document ?? "").components(separatedBy: "\n## ").first { $0.hasPrefix("Other tools") } ?? ""
        return section.components(separatedBy: "\n```").enumerated().filter { $0.offset % 2 == 1 }.map { _, block in
            let end = block.firstIndex(of: "\n") ?? block.endIndex
            return [String(block[..<end]), String(block[end...].dropFirst())]
        }
    }()

    @Test func thereAreDocumentedCommands() { #expect(Self.documentedCommands.count == 4) }

    /// The tool's path here; tests above check whether it is available.
    @Test(arguments: documentedCommands)
    func documentedCommandsRun(_ command: [String]) throws {
        let (language, text) = (command[0], command[1])
        let project = try TestProject.copy(ofExample: "tabular")
        #expect(try project.runs("exec", "evaluate@dataset=iris").status == 0)
        let interpreter: String? =
            switch language {
            case "python" where text.contains("duckdb"): pythonWithDuckDB
            case "python": pythonWithPandas
            case _ where text.hasPrefix("datasette "): pythonWithDatasette
            default: hasSQLiteShell ? "sh" : nil
            }
        guard let interpreter else { return }
        try project.write("documented", text)
        // The program `datasette` is in the folder of its Python.
        let program = language == "sh" ? "PATH=\"$(dirname '\(interpreter)'):$PATH\" sh" : "'\(interpreter)' -W ignore"
        try project.shell("\(program) documented > said")
        let said = project.read("said") ?? ""
        #expect(said.contains("evaluate@dataset=iris") || said.contains("\"stage\": \"evaluate"), "\(said)")
    }
}
