// The examples of the project, copied as a user copies them.

import Foundation
import TestSupport

extension TestProject {
    /// A project that is a copy of `Examples/NAME`.
    static func copy(ofExample name: String) throws -> TestProject {
        let project = try TestProject()
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
        for entry in try FileManager.default.contentsOfDirectory(atPath: "\(root)/Examples/\(name)") {
            try FileManager.default.copyItem(atPath: "\(root)/Examples/\(name)/\(entry)", toPath: project.path(entry))
        }
        return project
    }
}
