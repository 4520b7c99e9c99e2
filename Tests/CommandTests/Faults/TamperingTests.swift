// Files that changed but look unchanged, and the reverse: forged sizes and timestamps, a clock that is ahead, writes
// within one clock tick.

import Glibc
import TestSupport
import Testing

@Suite struct TamperingTests {
    private func finished() throws -> TestProject {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "cat in > a; cp -r tree/x b", "inputs": ["in", "tree"], "outputs": ["a", "b"]}}}"#
        )
        try project.write("in", "aaaa")
        try project.write("tree/x", "xxxx")
        #expect(try project.runs("exec").status == 0)
        return project
    }

    /// Changes to an input that keep its size and timestamp.
    @Test(arguments: [
        "printf bbbb > n; touch -r in n; cp -p n in; rm n",
        "printf bbbb > n; touch -r in n; mv n in",
        "touch -r in n; printf bbbb > in; touch -r n in; rm n",
        "printf yyyy > n; touch -r tree/x n; cp -p n tree/x; rm n",
        "printf yyyy > n; touch -r tree/x n; touch -r tree d; mv n tree/x; touch -r d tree; rm d",
    ])
    func anInputOfTheSameSizeAndTime(_ change: String) throws {
        let project = try finished()
        try project.shell(change)
        #expect(try project.runs("exec").status == 0)
        #expect(try project.executedStages() == ["a"])
        #expect(project.read("a") == project.read("in") && project.read("b") == project.read("tree/x"))
        #expect(project.read("a") == "bbbb" || project.read("b") == "yyyy")
    }

    @Test(arguments: [
        "printf zzzz > n; touch -r a n; cp -p n a; rm n",
        "printf zzzz > n; touch -r a n; mv n a",
        "touch -r b n; printf zzzz > b; touch -r n b; rm n",
    ])
    func anOutputOfTheSameSizeAndTime(_ change: String) throws {
        let project = try finished()
        try project.shell(change)
        #expect(try project.runs("exec").status == 0)
        #expect(project.read("a") == "aaaa" && project.read("b") == "xxxx")
        let reasons = try project.query("select reason, subject from decisions where run_id = 2")
        #expect(reasons.contains { $0["reason"]?.text == "output_modified" }, "\(reasons)")
    }

    /// A foreign file in place of an output that was moved to `.runs/kept` is not a version of it.
    @Test func foreignFilesAreNotKeptVersions() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "params": {"v": 1}, "stages": {"a": {"command": "test ${{ params.v }} != 2; echo ${{ params.v }} > a", "outputs": ["a"], "keep": 5}}}"#
        )
        #expect(try project.runs("exec").status == 0)
        try project.shell("mkdir -p .runs/kept/1 && mv a .runs/kept/1/a && echo mine > a")
        #expect(try project.runs("exec", "--set", "v=3").status == 0)
        #expect(project.read("a") == "3\n")
        #expect(try project.runs("exec").status == 0)
        #expect(project.read("a") == "1\n")
        #expect(try project.executedStages() == [], "the first version was put back")
        #expect(project.files(below: ".runs/kept").values.contains("mine\n"), "the foreign file is kept too")
    }

    @Test func timestampsAloneChangeNothing() throws {
        let project = try finished()
        for time in ["2001-01-01", "2038-01-01", "now"] {
            try project.shell("touch -d \(time) in tree tree/x a b pipeline.json")
            #expect(try project.runs("exec").status == 0)
            #expect(try project.query("select count(*) as n from executions")[0]["n"]?.integer == 1, "\(time)")
        }
    }

    /// As after a clock was set back: all files are newer than now.
    @Test func futureTimestampsHideNoChange() throws {
        let project = try finished()
        for text in ["bbbb", "cccc"] {
            try project.shell("printf \(text) > in; touch -d '2040-01-01 00:00:00' in a")
            #expect(try project.runs("exec").status == 0)
            #expect(project.read("a") == text)
            #expect(try project.runs("exec").status == 0)
            #expect(try project.executedStages() == [])
        }
    }

    /// The input is written all the time; in the end the output must match the input.
    @Test func anInputThatIsRewrittenInOneTick() throws {
        let project = try finished()
        try project.write(
            "writer.sh",
            "i=1000; while test ! -e stop; do i=$((i + 1)); test $i -lt 9999 || i=1000; printf $i > in; done; echo > stopped"
        )
        for _ in 0..<(isLongTest ? 60 : 4) {
            try project.shell("rm -f stop stopped; sh writer.sh < /dev/null > /dev/null 2>&1 &")
            let busy = try project.runs("exec")
            try project.write("stop", "")
            try wait(for: "the writer to stop") { project.exists("stopped") }
            #expect(busy.status == 0 || busy.errorOutput.contains("keeps changing"), "\(busy.story)")
            let last = try project.runs("exec")
            #expect(last.status == 0, "\(last.story)")
            #expect(project.read("a") == project.read("in"))
            #expect(try project.runs("exec").status == 0)
            #expect(try project.executedStages() == [])
        }
    }
}
