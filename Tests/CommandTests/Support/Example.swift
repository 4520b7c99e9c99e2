// The examples of the project, copied as a user copies them.

import Foundation
import TestSupport

extension TestProject {
    /// A project that is a copy of `Examples/NAME`.
    static func copy(ofExample name: String) throws -> TestProject {
        let project = try TestProject()
        let example = "\(packageFolder)/Examples/\(name)"
        for entry in try FileManager.default.contentsOfDirectory(atPath: example) {
            try FileManager.default.copyItem(atPath: "\(example)/\(entry)", toPath: project.path(entry))
        }
        return project
    }
}
