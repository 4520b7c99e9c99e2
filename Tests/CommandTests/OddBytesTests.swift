// Variables and folders whose bytes are not UTF-8.

import Glibc
import TestSupport
import Testing

@Suite(.blocking) struct OddBytesTests {
    /// Runs a line of shell with `$RUNS` as the program, in the project's folder.
    private func shell(_ line: String, in project: TestProject) throws -> CommandResult {
        let path = environmentVariable("PATH") ?? "/usr/bin:/bin"
        return try RunningCommand(
            program: "/bin/sh", arguments: ["-c", line], folder: project.folder,
            environment: ["PATH": path, "RUNS": try RunsBinary.path()]
        ).finish()
    }

    @Test func variablesAreNeitherConfusedNorRepaired() throws {
        let project = try TestProject(
            stages: #"""
                "a": {"command": "printf %s \"$X\" > a; printf %s \"$Y\" > y", "pass_env": ["X"], "outputs": ["a", "y"]}
                """#)
        func exec(_ octal: String) throws -> CommandResult {
            try shell(#"X=$(printf '\#(octal)') Y=$(printf 'y\303') exec "$RUNS" exec"#, in: project)
        }
        #expect(try exec(#"\377"#).status == 0)
        #expect(try project.bytes(of: "a") == [0xFF])
        #expect(try project.bytes(of: "y") == [0x79, 0xC3])
        #expect(try exec(#"\377"#).errorOutput.contains("nothing to run"))
        let changed = try exec(#"\376"#)
        #expect(changed.errorOutput.contains(#"\xff"#) && changed.errorOutput.contains(#"\xfe"#), "\(changed.story)")
        #expect(try project.bytes(of: "a") == [0xFE])
        #expect(try exec(#"\303\274"#).status == 0)
        #expect(project.read("a") == "ü")
    }

    @Test func aFolderThatIsNotUTF8IsNamed() throws {
        let project = try TestProject()
        let line =
            #"d=$(printf 'd\377'); mkdir "$d" && cd "$d" && echo '{"stages": {}}' > pipeline.json && exec "$RUNS" exec"#
        let result = try shell(line, in: project)
        #expect(result.status == 2 && result.errorOutput.contains("is not UTF-8 (rename it)"), "\(result.story)")
        let named = try shell(#"exec "$RUNS" exec "$(printf 'd\377')/pipeline.json""#, in: project)
        #expect(named.status == 2 && named.errorOutput.contains("rename"), "\(named.story)")
    }

    @Test func namesInAFolderNeedNotBeUTF8() throws {
        let project = try TestProject(stages: #""a": {"command": "cat d/* > a", "inputs": ["d"], "outputs": ["a"]}"#)
        #expect(try shell(#"mkdir d; echo 1 > "d/$(printf 'x\377')""#, in: project).status == 0)
        try project.expect("exec", files: ["a": "1\n"], executed: ["a"])
        try project.expect("exec", executed: [])
        #expect(try shell(#"mv d/* "d/$(printf 'x\376')""#, in: project).status == 0)
        try project.expect("exec", executed: ["a"])
    }
}
