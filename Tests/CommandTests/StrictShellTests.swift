// Which shell runs a command string, and what it makes of failures.

import TestSupport
import Testing

@Suite struct StrictShellTests {
    /// A failure before a pipe, in the first of two lines, in a substitution; a variable that is not set.
    @Test(arguments: [
        ("python3 -c 'import sys; print(1); sys.exit(3)' | sort > o", 3), ("false\\necho x > o", 1),
        ("false | cat > o; true", 1), ("x=$(false); echo $x > o", 1), ("echo $NO_SUCH_VARIABLE > o", 1),
        ("(false; echo x) > o", 1), ("false || true; echo x > o", 0), ("if false; then :; fi; echo x > o", 0),
        ("echo ${NO_SUCH_VARIABLE-x} > o", 0),
    ])
    func failuresAreSeen(_ command: String, _ code: Int) throws {
        let project = try TestProject(stages: #""s": {"command": "\#(command)", "outputs": ["o"]}"#)
        #expect(try project.runs("exec").status == (code == 0 ? 0 : 1))
        #expect(try project.query("select exit_code from executions")[0]["exit_code"]?.integer == code)
        #expect(try project.runs("exec").errorOutput.contains("nothing to run") == (code == 0))
    }

    @Test func anotherShellCanBeChosen() throws {
        let project = try TestProject(
            stages: #"""
                "a": {"command": "false | cat; echo $0", "shell": ["sh", "-c"]}, "b": {"command": "false | cat; echo $0"},
                "c": {"command": "print('%d' % 3)", "shell": ["python3", "-c"]},
                "d": {"command": "set -- 1 2 && echo $# $NO_SUCH_VARIABLE", "shell": ["bash", "-e", "-c"]}
                """#, extra: #""defaults": {"shell": ["dash", "-c"]},"#)
        let result = try project.runs("exec")
        #expect(result.status == 0, "\(result.story)")
        let logs = try project.query("select log_path, command from executions order by stage")
        #expect(logs.map { project.read($0["log_path"]?.text ?? "") } == ["sh\n", "dash\n", "3\n", "2\n"])
        #expect(logs[0]["command"]?.text == "sh -c 'false | cat; echo $0'")
    }

    /// What plain words mean to a program that is no POSIX shell, only it knows.
    @Test func plainWordsGoToOtherPrograms() throws {
        try TestProject(stages: #""s": {"command": "made", "shell": ["touch"]}"#)
            .expect("exec", files: ["made": ""])
    }

    @Test func theShellIsPartOfTheKeyWhereItIsSet() throws {
        let plain =
            #""s": {"command": "echo x > o; true", "outputs": ["o"]}, "w": {"command": ["touch", "w"], "outputs": ["w"]}"#
        let project = try TestProject(stages: plain)
        try project.runs("exec")
        let other = plain.replacing(#""command""#, with: #""shell": ["sh", "-c"], "command""#)
        try project.write("pipeline.json", #"{"name": "p", "stages": {\#(other)}}"#)
        let why = try project.runs("why", "s").output
        #expect(why.contains("command changed") && why.contains("sh -c"), "\(why)")
        try project.runs("exec")
        #expect(try project.executedStages() == ["s"])
        try project.write("pipeline.json", #"{"name": "p", "stages": {\#(plain)}}"#)
        #expect(try project.runs("exec").errorOutput.contains("nothing to run"))
    }

    @Test(arguments: [
        ("seq 1000000 | head -1", "exit code 141: a program before a pipe's end was cut off"),
        ("seq 10 | grep x > o", "exit code 1: `grep` without a match ends with 1; add `|| true`"),
        ("echo no; grep x < /dev/null", "exit code 1"),
    ])
    func surprisingEndsAreExplained(_ command: String, _ error: String) throws {
        let project = try TestProject(stages: #""s": {"command": "\#(command)"}"#)
        let result = try project.runs("exec")
        #expect(result.status == 1 && (result.output + result.errorOutput).contains(error), "\(result.story)")
        let recorded = try project.query("select error from executions")[0]["error"]?.text ?? ""
        #expect(recorded.hasPrefix(error) && recorded.contains(": ") == error.contains(": "))
        #expect(try project.runs("show", "1").output.contains(error))
    }

    @Test func theAdviceHelps() throws {
        try TestProject(
            stages: #"""
                "head": {"command": "seq 1000000 | head -1 > a || [ $? = 141 ]", "outputs": ["a"]},
                "grep": {"command": "grep x < /dev/null > b || true", "outputs": ["b"]}
                """#
        ).expect("exec", files: ["a": "1\n", "b": ""])
    }

    /// bash would execute that file before every command.
    @Test func theCallersBashEnvIsNotExecuted() throws {
        let project = try TestProject(
            stages: #"""
                "text": {"command": "echo text; bash -c 'echo inner'"},
                "passed": {"command": "echo passed; true", "pass_env": ["BASH_ENV"]},
                "own": {"command": "echo own; true", "env": {"BASH_ENV": "own"}}
                """#, files: ["caller": "echo caller", "own": "echo before"])
        #expect(try project.runs("exec", environment: ["BASH_ENV": project.path("caller")]).status == 0)
        let logs = try project.query("select log_path from executions order by stage")
        #expect(
            logs.map { project.read($0["log_path"]?.text ?? "") }
                == ["before\nown\n", "caller\npassed\n", "text\ninner\n"])
    }

    /// Through a file, as strictly.
    @Test func longTextIsStrictToo() throws {
        let comment = String(repeating: "x", count: 200_000)
        let project = try TestProject(
            stages: #"""
                "a": {"command": "false | cat # \#(comment)\necho x > a", "outputs": ["a"]},
                "b": {"command": "false | cat # \#(comment)\necho x > b", "outputs": ["b"], "shell": ["sh", "-c"]},
                "c": {"command": "print(3) # \#(comment)", "shell": ["python3", "-c"]}
                """#)
        try project.runs("exec", "--keep-going")
        let states = try project.query("select state from executions order by stage").map { $0["state"]?.text }
        #expect(states == ["failed", "succeeded", "succeeded"])
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"s": {"command": "\#(comment)", "shell": ["env", "--split-string"]}}}"#)
        try project.expect("exec", status: 2, errors: ["'s'", "200000 bytes long", "one word"])
    }
}
