// Commands longer than the kernel lets an argument be.

import TestSupport
import Testing

@Suite struct LongCommandTests {
    private func long(_ count: Int) -> String { String(repeating: "x", count: count) }

    @Test(arguments: [99_000, 101_000, 131_072, 1_000_000]) func shellTextOfAnyLength(count: Int) throws {
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"s": {"command": "echo made > o #\#(long(count))\ntest -e o && exit 7"}}}"#)
        let result = try project.runs("exec")
        #expect(result.status == 1, "\(result.errorOutput.suffix(2000))")
        #expect(
            try project.query("select exit_code, length(command) > \(count) as whole from executions") == [
                ["exit_code": .number(7), "whole": .number(1)]
            ])
        #expect(project.read("o") == "made\n")
        #expect(project.files(below: ".runs/tmp").isEmpty, "nothing of it is left")
    }

    @Test(arguments: [
        (#""command": ["echo", "LONG"]"#, "word 1"), (#""command": "true", "env": {"WORDS": "LONG"}"#, "'WORDS'"),
    ])
    func overlongArgumentsAreRejected(_ stage: String, _ expected: String) throws {
        // More than 32 pages of any size.
        let text = stage.replacing("LONG", with: long(3_000_000))
        try TestProject(stages: #""first": {"command": "touch f"}, "s": {\#(text)}"#)
            .expect("exec", status: 2, errors: ["'s'", expected], files: ["f": nil])
    }
}
