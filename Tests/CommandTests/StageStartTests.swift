// What a stage gets when it starts: replaced templates, variables, a temporary folder; or a sentence why it does not.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct StageStartTests {
    // MARK: Late templates

    @Test func patternsAreTheirMatches() throws {
        let project = try TestProject(
            stages: #"""
                "text": {"command": "cat ${{ inputs.r }} > text", "inputs": {"r": "r/*"}, "outputs": ["text"]},
                "list": {"command": ["python3", "-c", "import sys; print(sys.argv[1:], file=open('list', 'w'))", "${{ inputs.r }}", "end"],
                  "inputs": {"r": "r/*"}, "outputs": ["list"]},
                "below": {"command": "cat ${{ inputs.r }} > text; echo $FILES >> text", "workdir": "sub/deep",
                  "inputs": {"r": "r/*"}, "outputs": ["sub/deep/text"], "env": {"FILES": "${{ inputs.r }}"}}
                """#, files: ["r/it's": "2\n", "r/a b": "1\n", "r/\u{e9}": "3\n", "sub/deep/x": ""])
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
        #expect(project.read("text") == "1\n2\n3\n")
        #expect(project.read("list") == "['r/a b', \"r/it's\", 'r/\u{e9}', 'end']\n")
        #expect(project.read("sub/deep/text") == "1\n2\n3\n../../r/a b ../../r/it's ../../r/\u{e9}\n")
        // A new match is a new input, not another command.
        try project.write("r/c", "4\n")
        let why = try project.runs("why", "list").output
        #expect(why.contains("r/c was added") && !why.contains("command"), "\(why)")
        // A name is no option.
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"s": {"command": ["cat", "${{ inputs.n }}"], "inputs": {"n": "-*"}}}}"#)
        try project.write("-n", "here\n")
        try project.expect("exec")
        #expect(project.read(".runs/logs/2/s.1.log") == "here\n")
    }

    @Test func patternsOfAPipelineInAFolderBelow() throws {
        let project = try TestProject(stages: #""s": {"command": "true"}"#, files: ["sub/r/a": "1\n"])
        try project.runs("exec")
        try project.write(
            "sub/pipeline.json",
            #"{"name": "q", "stages": {"s": {"command": "cat ${{ inputs.r }} > o", "inputs": {"r": "r/*"}, "outputs": ["o"]}}}"#
        )
        try project.expect("exec", "sub/pipeline.json", files: ["sub/o": "1\n"])
    }

    @Test func outputsOfEarlierStagesAreMatched() throws {
        try TestProject(
            stages: #"""
                "make": {"command": "mkdir parts; echo 1 > parts/1; echo 2 > parts/2", "outputs": {"p": "parts"}},
                "join": {"command": "cat ${{ inputs.all }} > all", "inputs": {"all": "parts/*"}, "outputs": ["all"]}
                """#
        ).expect("exec", files: ["all": "1\n2\n"]).expect("exec", errors: ["nothing to run"])
    }

    /// They are what the attempt has, and nothing runs again for another number.
    @Test func resourcesAndAttempts() throws {
        let stages = #"""
            "s": {"command": "echo ${{ resources.cpus }} ${{ resources.memory_bytes }} ${{ stage.attempt }} $N >> said; [ ${{ stage.attempt }} = 2 ]",
              "env": {"N": "${{ resources.cpus }}"}, "resources": {"cpus": 1, "memory": "1kB"}, "retries": {"max": 1, "memory": "x2"}}
            """#
        let project = try TestProject(stages: stages)
        try project.expect("exec", files: ["said": "1 1000 1 1\n1 2000 2 1\n"])
        let less = stages.replacing(#""cpus": 1"#, with: #""cpus": 0.5"#)
        try project.write("pipeline.json", #"{"name": "p", "stages": {\#(less)}}"#)
        try project.expect("exec", errors: ["nothing to run"])
        try project.expect(
            "exec", "--force", files: ["said": "1 1000 1 1\n1 2000 2 1\n0.5 1000 1 0.5\n0.5 2000 2 0.5\n"])
    }

    /// The cached plan keeps them.
    @Test func aCachedPlanKeepsThem() throws {
        let project = try TestProject(
            stages: #"""
                "s": {"command": "cat ${{ inputs.r }} > o; echo ${{ resources.cpus }} >> o", "inputs": {"r": "r/*"}, "outputs": ["o"], "shell": ["sh", "-c"]},
                "t": {"command": "touch t", "outputs": ["t"]}
                """#, files: ["r/a": "1\n"])
        try project.runs("exec")
        try project.expect("exec", errors: ["nothing to run"])
        try project.write("r/b", "2\n")
        try project.expect("exec", files: ["o": "1\n2\n1\n"])
    }

    // MARK: Variables

    /// Names in the table of docs/pipeline.md, and those that a process sees.
    @Test func theVariablesAreThoseInTheDocumentation() throws {
        let text = try String(contentsOfFile: "\(packageFolder)/docs/pipeline.md", encoding: .utf8)
        let section = try #require(text.components(separatedBy: "## Variables of a stage\n").dropFirst().first)
        let rows = section.components(separatedBy: "\n## ")[0].split(separator: "\n").filter { $0.hasPrefix("| `") }
        let documented = Set(
            rows.flatMap { $0.split(separator: "|")[0].matches(of: #/`([A-Z_]+)`/#).map { String($0.output.1) } })
        let project = try TestProject(
            stages: #""s": {"command": ["/usr/bin/env"], "resources": {"memory": "1MB", "gpus": 0}, "timeout": "1h"}"#)
        try project.shell("env -i '\(RunsBinary.path())' exec --output quiet")
        let log = try #require(project.read(".runs/logs/1/s.1.log"))
        let seen = Set(log.split(separator: "\n").map { String($0.prefix { $0 != "=" }) })
        #expect(seen == documented, "\(log)")
        #expect(documented.count > 15)
    }

    /// Lines of a loop are in the log although the stage is killed.
    @Test func aTimeoutLosesNoLine() throws {
        let project = try TestProject(
            stages: #"""
                "s": {"command": ["python3", "-c", "import time\nprint('begun')\nopen('ready', 'w')\ntime.sleep(1000)"], "timeout": "1s"},
                "own": {"command": ["python3", "-c", "import os; print(os.environ['PYTHONUNBUFFERED'])"], "env": {"PYTHONUNBUFFERED": "x"}}
                """#)
        try project.shell(
            "unset PYTHONUNBUFFERED; '\(RunsBinary.path())' exec --keep-going --grace 0s --output quiet || test $? = 1")
        #expect(project.read(".runs/logs/1/s.1.log") == "begun\n")
        #expect(project.read(".runs/logs/1/own.1.log") == "x\n")
    }

    // MARK: The temporary folder

    private let reportFolder =
        #"[ \"$TMPDIR\" = \"$RUNS_TMP\" ]; ls -A $RUNS_TMP; stat -c %a $RUNS_TMP; echo $RUNS_TMP >> tmp"#

    @Test func eachAttemptHasAnEmptyFolder() throws {
        let project = try TestProject(
            stages: #"""
                "s": {"command": "\#(reportFolder); mkdir -p $TMPDIR/a/b; touch $TMPDIR/a/b/c; chmod 500 $TMPDIR/a/b; [ $RUNS_ATTEMPT = 3 ]", "retries": 2},
                "own": {"command": "echo $TMPDIR; true", "env": {"TMPDIR": "/mine"}},
                "passed": {"command": "echo $TMPDIR; true", "pass_env": ["TMPDIR"]}
                """#, files: ["t/x": ""])
        let result = try project.runs("exec", environment: ["TMPDIR": project.path("t")])
        #expect(result.status == 0, "\(result.story)")
        for attempt in 1...3 { #expect(project.read(".runs/logs/1/s.\(attempt).log") == "700\n") }
        #expect(project.read(".runs/logs/1/own.1.log") == "/mine\n")
        #expect(project.read(".runs/logs/1/passed.1.log") == project.path("t") + "\n")
        let folders = try #require(project.read("tmp")).split(separator: "\n")
        #expect(folders.allSatisfy { $0.hasPrefix(project.path("t/runs-")) })
        #expect(project.names(in: "t") == ["x"], "everything is removed")
    }

    @Test func withoutTheCallersFolderThereIsAnother() throws {
        let project = try TestProject(stages: #""s": {"command": "\#(reportFolder)"}"#)
        let result = try project.runs("exec", environment: ["TMPDIR": project.path("missing")])
        #expect(result.status == 0 && (result.output + result.errorOutput).contains("missing"), "\(result.story)")
        let folder = try #require(project.read("tmp")?.split(separator: "\n").first)
        #expect(folder.hasPrefix("/tmp/runs-") && access(String(folder), F_OK) != 0)
    }

    @Test func theFolderIsRemovedAfterAKill() throws {
        let project = try TestProject(
            stages: #""s": {"command": "touch $TMPDIR/x; echo $TMPDIR > where; sleep 1000"}"#, files: ["t/x": ""])
        let command = try project.start(["exec"], environment: ["TMPDIR": project.path("t")])
        try wait(for: "the stage to run") { project.read("where")?.hasSuffix("\n") == true }
        command.send(SIGKILL)
        _ = try command.finish()
        #expect(project.names(in: "t").count == 2)
        try project.write("pipeline.json", #"{"name": "p", "stages": {"s": {"command": "true"}}}"#)
        // Also where the next one is started with another TMPDIR.
        #expect(try project.runs("exec").status == 0)
        #expect(project.names(in: "t") == ["x"])
    }

    // MARK: What cannot start

    @Test(arguments: [
        (#""command": ["pythn", "x.py"]"#, "pythn: command not found"),
        (#""command": ["./missing"]"#, "./missing: no such file"),
        (#""command": ["./plain"]"#, "./plain: permission denied: the file is not executable (chmod +x)"),
        (#""command": ["./folder"]"#, "./folder: is a folder"),
        (#""command": ["./typo"]"#, "./typo: the program in its first line, '/usr/bin/pyton', does not exist"),
        (#""command": ["./crlf"]"#, "./crlf: the program in its first line, '/bin/sh\\r', does not exist"),
        (#""command": ["./binary"]"#, "./binary: it is neither a program for this machine nor a script"),
        (#""command": ["typo"], "env": {"PATH": ".:/bin"}"#, "typo: the program in its first line"),
        (#""command": ["true"], "workdir": "nowhere"#, "nowhere' cannot be entered: No such file or directory"),
        (#""command": "echo x; true", "shell": ["fish-shell", "-c"]"#, "fish-shell: command not found"),
    ])
    func theProgramIsNamed(_ fields: String, _ error: String) throws {
        let project = try TestProject(stages: #""s": {\#(fields.hasSuffix("nowhere") ? fields + "\"" : fields)}"#)
        try project.shell(
            #"""
            echo echo > plain; mkdir folder; printf '#!/usr/bin/pyton -u\n' > typo; printf '#!/bin/sh\r\n' > crlf
            printf '\177ELF\0\1' > binary; chmod +x typo crlf binary
            """#)
        #expect(try project.runs("exec").status == 1)
        let found = try project.query("select error from executions")[0]["error"]?.text ?? ""
        #expect(found.contains(error), "\(found)")
    }

    @Test func aScriptWithoutAFirstLineIsRunByTheShell() throws {
        let project = try TestProject(stages: #""s": {"command": ["./plain", "a"]}"#)
        try project.write("plain", "echo $1 > o\n", executable: true)
        try project.expect("exec", files: ["o": "a\n"])
    }

    /// All words and variables together, before anything runs, or at the start.
    @Test func tooManyWordsAreRejected() throws {
        let words = (0..<30_000).map { #""\#(String(repeating: "w", count: 200))\#($0)""# }.joined(separator: ", ")
        try TestProject(stages: #""first": {"command": "touch f"}, "s": {"command": ["echo", \#(words)]}"#)
            .expect("exec", status: 2, errors: ["'s'", "6408903 bytes", "together", "RUNS_PARAMS"], files: ["f": nil])
        let project = try TestProject(stages: #""s": {"command": ["echo", "${{ inputs.r }}"], "inputs": {"r": "r/*"}}"#)
        try project.shell("mkdir r; cd r; seq 10000 | sed s/^/\(String(repeating: "n", count: 200))/ | xargs touch")
        try project.shell(
            "ulimit -s 1024; '\(RunsBinary.path())' exec > out 2>&1; echo $? > status")
        #expect(project.read("status") == "1\n" && project.read("out")?.contains("together") == true)
    }

    @Test(arguments: [
        ("gpu", "error: stage 's': gpu: unknown resource (did you mean 'gpus'?)"),
        ("ram", "error: stage 's': ram: unknown resource (did you mean 'memory'?)"),
        ("cpu", "(did you mean 'cpus'?)"), ("licence", "requests resource 'licence', whose total is unknown"),
    ])
    func unknownResources(_ name: String, _ error: String) throws {
        let project = try TestProject(stages: #""s": {"command": "true", "resources": {"\#(name)": 1}}"#)
        try project.expect("exec", status: 2, errors: [error])
        try project.expect("exec", "--capacity", "\(name)=1")
    }

    @Test(arguments: ["exec", "status", "why", "accept"]) func pipelinesAreJSON(_ command: String) throws {
        let project = try TestProject(stages: #""s": {"command": "true"}"#, files: ["p.yaml": "stages: {}"])
        for file in ["p.yaml", "conf/p.YML", "p.toml"] {
            try project.expect(command, file, status: 2, errors: ["'\(file)'", "JSON", "params_file"])
        }
    }
}
