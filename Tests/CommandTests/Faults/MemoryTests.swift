// The program's memory does not grow with the output of its stages.

import Glibc
import TestSupport
import Testing

@Suite struct MemoryTests {
    /// The first attempt writes 200 MB and fails, so that the end of the log is shown; the second waits to be measured.
    @Test func largeLogsAreNotHeldInMemory() throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {"a": {"retries": {"max": 1, "delay": "10ms"}, "command":
              "if test $RUNS_ATTEMPT = 1; then yes one line of a long log | head -c 200000000; exit 1; fi; touch waiting; while ! test -e go; do sleep 0.02; done"}}}
            """#)
        let command = try project.start(["exec"])
        try wait(for: "the second attempt") { project.exists("waiting") }
        let peak = try #require(ProcessSight.peakMemoryBytes(of: command.processID))
        try project.write("go", "")
        let result = try command.finish()
        #expect(result.status == 0, "\(result.story)")
        #expect(peak < 100_000_000, "it held \(peak) bytes")
        let log = try #require(
            try project.query("select log_path from executions order by attempt limit 1")[0]["log_path"]?.text)
        var status = stat()
        #expect(stat(project.path(log), &status) == 0 && status.st_size == 200_000_000)
    }
}
