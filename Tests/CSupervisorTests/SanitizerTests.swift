// Reports whether the other suites also test a supervisor with sanitizers: if not, this test is skipped with the
// reason.

import Testing

@testable import ProcessHost

@Suite struct SanitizerTests {
    @Test(.enabled(if: SanitizedSupervisor.program != nil, Comment(rawValue: SanitizedSupervisor.reasonForNone)))
    func theSanitizedSupervisorRuns() throws {
        let stage = try Stage(executable: SanitizedSupervisor.program)
        #expect(try stage.ending(of: stage.spawn(["sh", "-c", "exit 3"])).exitCode == 3)
    }
}
