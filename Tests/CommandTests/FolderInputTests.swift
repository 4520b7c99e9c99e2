// What counts of an input folder: what links lead to, not what tools leave in it, and what changes during a run.

import TestSupport
import Testing

@Suite(.blocking) struct FolderInputTests {
    private static let linkedFolder = #"""
        "select": {"command": "mkdir ${{ outputs.s }} && ln -s ../raw/a.txt ${{ outputs.s }}/a.txt",
                   "inputs": {"raw": "raw"}, "outputs": {"s": "sel"}},
        "train": {"command": "cat ${{ inputs.s }}/a.txt > ${{ outputs.m }}",
                  "inputs": {"s": {"from": "select.s"}}, "outputs": {"m": "model"}}
        """#

    @Test func aFolderOfLinksIsReadThroughThem() throws {
        let project = try TestProject(stages: Self.linkedFolder, files: ["raw/a.txt": "1"])
        try project.expect("exec", files: ["model": "1"], executed: ["select", "train"])
        try project.expect("exec", executed: [])
        try project.write("raw/a.txt", "2")
        try project.expect("exec", files: ["model": "2"], executed: ["select", "train"])
        try project.expect("exec", executed: [])
        try project.expect("lineage", "model", contains: ["sel ← select"])
        try project.write("raw/a.txt", "1")
        try project.expect("exec", files: ["model": "1"], executed: [])
    }

    /// The maker of the links reads nothing of what they lead to: it is not stale, and its consumer is.
    @Test func theMakerOfLinksIsNotStaleForWhatTheyLeadTo() throws {
        let project = try TestProject(
            stages: #"""
                "select": {"command": "mkdir ${{ outputs.s }} && ln -s ../raw ${{ outputs.s }}/raw", "outputs": {"s": "sel"}},
                "train": {"command": "cat sel/raw/*.txt > ${{ outputs.m }}",
                          "inputs": {"s": {"from": "select.s"}}, "outputs": {"m": "model"}}
                """#, files: ["raw/a.txt": "1"])
        try project.expect("exec", executed: ["select", "train"])
        try project.write("raw/b.txt", "2")
        try project.expect("status", contains: ["select,fresh", "train,stale,input sel changed"])
        try project.expect("exec", files: ["model": "12"], executed: ["train"])
        try project.expect("exec", executed: [])
        let rows = try project.query(
            "select i.sha256 = o.sha256 as same from inputs i join outputs o using (path) where i.path = 'sel'")
        #expect(rows.allSatisfy { $0["same"]?.integer == 0 })
        try project.expect("lineage", "model", contains: ["select"])
    }

    @Test(arguments: ["d", "d/*", "d/**", "d/*/*", "d/**/*.txt"])
    func everySpellingNoticesTheSameChange(path: String) throws {
        let project = try TestProject(
            stages: #""a": {"command": "date +%N > a", "inputs": ["\#(path)"], "outputs": ["a"]}"#,
            files: ["raw/a.txt": "1", "raw/b.txt": "1", "d/x.txt": "1"])
        try project.link("d/a.txt", to: "../raw/a.txt")
        try project.link("d/raw", to: "../raw")
        try project.link("d/up", to: "..")
        try project.expect("exec", executed: ["a"])
        try project.expect("exec", executed: [])
        try project.write("raw/a.txt", "edited")
        try project.expect("exec", executed: ["a"])
        try project.expect("exec", executed: [])
    }

    /// Python writes `__pycache__` beside the module while the stage runs.
    @Test func noiseInAnInputFolderDoesNotCount() throws {
        let project = try TestProject(
            stages: #"""
                "a": {"command": ["python3", "main.py"], "inputs": ["src"], "outputs": ["a"]},
                "b": {"command": "cp -rp src lib", "inputs": ["src"], "outputs": ["lib"]},
                "c": {"command": ["python3", "other.py"], "inputs": ["lib"], "outputs": ["c"]}
                """#,
            files: [
                "src/lib.py": "x = 1", "main.py": "import sys; sys.path.append('src'); import lib; open('a', 'w')",
                "other.py": "import sys; sys.path.append('lib'); import lib; open('c', 'w')",
            ])
        let bytecode = ["PYTHONDONTWRITEBYTECODE": ""]
        // Python caches no bytecode of a file that was just written.
        try project.shell("touch -d '1 hour ago' src/lib.py")
        try project.expect("exec", environment: bytecode, executed: ["a", "b", "c"])
        #expect(project.exists("src/__pycache__") && project.exists("lib/__pycache__"))
        for name in [".DS_Store", ".ipynb_checkpoints/x", ".git/x", "deep/__pycache__/x"] {
            try project.write("src/\(name)", "1")
            try project.write("lib/\(name)", "1")
        }
        try project.makeFolder("src/deep")
        try project.remove("src/deep")
        try project.remove("lib/deep")
        try project.expect("exec", environment: bytecode, executed: [])
        try project.write("src/lib.py", "x = 2")
        try project.expect("exec", environment: bytecode, executed: ["a", "b", "c"])
    }

    @Test func exclusionsAreTheInputs() throws {
        let project = try TestProject(
            stages: #"""
                "none": {"command": "date +%N > n", "inputs": {"s": {"path": "src", "exclude": []}}, "outputs": ["n"]},
                "logs": {"command": "date +%N > l", "inputs": {"s": {"path": "src", "exclude": ["**/*.log"]}}, "outputs": ["l"]},
                "glob": {"command": "date +%N > g", "inputs": {"s": {"path": "src/**", "exclude": ["*.log"]}}, "outputs": ["g"]},
                "made": {"command": "mkdir m; touch m/x.log m/y", "outputs": ["m"]},
                "read": {"command": "date +%N > r", "inputs": {"s": {"from": "made.m", "exclude": ["*.log"]}}, "outputs": ["r"]}
                """#, files: ["src/a": "1"])
        try project.expect("exec", executed: ["glob", "logs", "made", "none", "read"])
        try project.expect("exec", executed: [])
        try project.write("src/x.pyc", "")
        try project.expect("exec", executed: ["none"])
        try project.write("src/deep.log", "")
        try project.expect("exec", executed: ["none"])
        try project.write("src/b", "")
        try project.expect("exec", executed: ["glob", "logs", "none"])
        try project.expect("lineage", "r", contains: ["made"])
        try project.expect("exec", executed: [])
    }

    /// Another exclude list is another set of files, and the cache of the plan knows it.
    @Test func anotherExcludeListIsNoticed() throws {
        func pipeline(_ exclude: String) -> String {
            #"{"name": "p", "stages": {"a": {"command": "date +%N > a", "inputs": {"s": {"path": "src", "exclude": \#(exclude)}}, "outputs": ["a"]}}}"#
        }
        let project = try TestProject(pipeline: pipeline("[]"), files: ["src/a": "1", "src/b.log": "1"])
        try project.expect("exec", executed: ["a"])
        try project.write("pipeline.json", pipeline(#"["x"]"#))
        try project.expect("exec", executed: [])
        try project.write("pipeline.json", pipeline(#"["*.log"]"#))
        try project.expect("exec", executed: ["a"])
        try project.write("pipeline.json", pipeline("[]"))
        try project.write("src/b.log", "2")
        try project.expect("exec", executed: ["a"])
        try project.expect("exec", executed: [])
    }

    /// An output that is left out of an input is not read by it.
    @Test func anExcludedOutputMakesNoCycle() throws {
        let project = try TestProject(
            stages: #"""
                "a": {"command": "echo 1 > out/a", "inputs": {"all": {"path": ".", "exclude": ["out"]}}, "outputs": ["out/a"]}
                """#, files: ["src/a": "1"])
        try project.expect("exec", executed: ["a"])
        try project.expect("exec", executed: [])
        try project.write("src/a", "2")
        try project.expect("exec", executed: ["a"])
    }

    @Test func aProgramThatIsLeftOutOfAFolderIsAnInput() throws {
        let project = try TestProject(
            stages: #"""
                "a": {"command": ["sh", "src/a.sh"], "inputs": {"all": {"path": "src", "exclude": ["*.sh"]}}, "outputs": ["a"]}
                """#, files: ["src/a.sh": "echo 1 > a"])
        try project.expect("exec", executed: ["a"])
        try project.write("src/a.sh", "echo 2 > a")
        try project.expect("exec", files: ["a": "2\n"], executed: ["a"])
    }

    @Test func theEndNamesInputsThatChangedDuringTheRun() throws {
        let project = try TestProject(
            stages: #"""
                "a": {"command": "echo >> src/log; echo >> src/deep/b; cat x > a; echo >> x; : > new.c; touch src/same",
                      "inputs": ["src", "x", "*.c"], "outputs": ["a"]}
                """#, files: ["src/log": "", "src/deep/b": "", "x": "", "y.c": ""])
        let sentence =
            "inputs src, x, *.c changed while it ran (src/deep/b, src/log, src/same, new.c): it will run again"
        try project.expect("exec", errors: ["a: succeeded", sentence])
        try project.expect("show", "latest", contains: [sentence])
        #expect(try project.query("select count(*) as n from executions")[0]["n"]?.integer == 1)
        let events = try JSON.lines(project.runs("exec", "--output", "jsonl").output)
        #expect(events.contains { $0["note"]?.text?.contains("changed while it ran") == true })
    }

    /// Many names are counted.
    @Test func onlySomeChangedNamesAreListed() throws {
        let project = try TestProject(
            stages: #"""
                "a": {"command": "for i in 1 2 3 4 5 6 7 8; do : > src/$i; done; : > a", "inputs": ["src"], "outputs": ["a"]}
                """#, files: ["src/x": ""])
        try project.expect(
            "exec",
            errors: ["input src changed while it ran (src/1, src/2, src/3, src/4, src/5 and 3 more): it will run again"]
        )
    }

    /// Outputs with links that are put back: what can be read through them is known when they are in place again.
    @Test func aRestoredFolderOfLinksIsRead() throws {
        let project = try TestProject(
            stages: #"""
                "select": {"command": "mkdir sel; ln -s ../raw sel/raw; echo ${{ params.v }} > sel/v", "outputs": {"s": "sel"}},
                "train": {"command": "cat sel/v sel/raw/* > ${{ outputs.m }}", "inputs": {"s": {"from": "select.s"}},
                          "outputs": {"m": "model"}}
                """#, extra: #""params": {"v": 1},"#, files: ["raw/a": "a"])
        try project.expect("exec", executed: ["select", "train"])
        try project.expect("exec", "--set", "v=2", executed: ["select", "train"])
        try project.expect("exec", files: ["model": "1\na"], executed: [])
        try project.write("raw/a", "b")
        try project.expect("exec", "--set", "v=2", files: ["model": "2\nb"], executed: ["train"])
        try project.expect("exec", "--set", "v=2", executed: [])
    }

    /// A large file that was only touched is read by the first command that looks at it.
    @Test(arguments: [["status"], ["why", "a"], ["exec", "--dry-run"]])
    func aTouchedFileIsReadOnce(words: [String]) throws {
        let project = try TestProject(
            stages: #""a": {"command": "wc -c < big > a", "inputs": ["big"], "outputs": ["a"]}"#,
            files: ["big": String(repeating: "x", count: 5 << 20)])
        try project.expect("exec", executed: ["a"])
        try project.write("big", String(repeating: "x", count: 5 << 20))
        func entry() throws -> [UInt8] { try project.bytes(of: ".runs/runs.db") }
        _ = try project.query("select 1")
        let before = try entry()
        try project.runs(words)
        let after = try entry()
        #expect(after != before, "the digest is cached")
        for other in [["status"], ["why", "a"], ["exec", "-n"]] { try project.runs(other) }
        #expect(try entry() == after)
        try project.expect("exec", executed: [])
    }
}
