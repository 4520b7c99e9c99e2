// The output of small programs, also of those that hang, fail or never stop printing.

import Testing

@testable import Programs

@Suite struct ProgramOutputTests {
    private func text(_ command: String, withinSeconds limit: Int = 100) -> String? {
        output(ofProgram: ["/bin/sh", "-c", command], withinSeconds: limit)?.text
    }

    @Test func aProgramThatHangsIsKilled() {
        #expect(text("echo started; exec sleep 1000", withinSeconds: 1) == nil)
    }

    @Test func onlyASuccessHasOutput() {
        #expect(text("echo yes") == "yes\n")
        #expect(text("cat") == "", "there is nothing on its standard input")
        #expect(text("echo no; exit 1") == nil)
        #expect(output(ofProgram: ["/nonexistent/program"], withinSeconds: 100) == nil)
    }

    @Test func endlessOutputIsCut() throws {
        let found = try #require(output(ofProgram: ["/bin/sh", "-c", "yes"], withinSeconds: 100, mostBytes: 1000))
        #expect(found.isCut && found.bytes.count == 1000)
    }

    @Test func programsAreFoundOnThePath() {
        #expect(executable(named: "sh") != nil && executable(named: "no-such-program-here") == nil)
    }
}
