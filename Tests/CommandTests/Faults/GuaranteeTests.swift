// docs/guarantees.md names the tests of each guarantee: all of them exist.

import Foundation
import TestSupport
import Testing

@Suite struct GuaranteeTests {
    @Test func allNamedTestsExist() throws {
        let text = try String(contentsOfFile: "\(packageFolder)/docs/guarantees.md", encoding: .utf8)
        let tests = (try FileManager.default.subpathsOfDirectory(atPath: "\(packageFolder)/Tests")).filter {
            $0.hasSuffix("Tests.swift")
        }
        var sources: [Substring: String] = [:]
        for path in tests {
            let name = (path.split(separator: "/").last ?? "").dropLast(".swift".count)
            // Two targets may have suites of the same name.
            sources[name, default: ""] += try String(contentsOfFile: "\(packageFolder)/Tests/\(path)", encoding: .utf8)
        }
        let named = text.matches(of: #/`([A-Z]\w*Tests)\.(\w+)`/#)
        #expect(named.count > 30)
        for match in named {
            let (suite, function) = (match.output.1, match.output.2)
            #expect(sources[suite]?.contains("func \(function)(") ?? false, "\(suite).\(function)")
        }
    }
}
