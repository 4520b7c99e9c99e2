// The project builder itself: what it expects is checked, and what differs is an issue.

import TestSupport
import Testing

@Suite struct ProjectBuilderTests {
    private func project() throws -> TestProject {
        try TestProject(
            stages: #""a": {"command": "cp in a", "inputs": ["in"], "outputs": ["a"]}"#, files: ["in": "1\n"])
    }

    @Test func whatFollowsIsAsExpected() throws {
        try project()
            .expect("exec", output: "", files: ["a": "1\n", "b": nil], executed: ["a"])
            .expect("exec", executed: [])
            .expect("logs", "a", output: "")
            .expect("query", "select stage from executions", contains: ["a"])
            .expect("exec", "b", status: 2, errors: ["'b'"])
    }

    @Test func whatDiffersIsAnIssue() throws {
        let project = try project()
        withKnownIssue { _ = try project.expect("exec", status: 1) }
        withKnownIssue { _ = try project.expect("exec", output: "something") }
        withKnownIssue { _ = try project.expect("exec", contains: ["something"]) }
        withKnownIssue { _ = try project.expect("exec", errors: ["something"]) }
        withKnownIssue { _ = try project.expect("exec", files: ["a": "2\n"]) }
        withKnownIssue { _ = try project.expect("exec", files: ["a": nil]) }
        withKnownIssue { _ = try project.expect("exec", executed: ["a"]) }
    }
}
