// The examples of the project, copied as a user copies them.

import Foundation

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

    /// Stages that the newest run executed, sorted.
    func executedStages() throws -> [String] {
        try query("select distinct stage from executions where run_id = (select max(run_id) from runs) order by stage")
            .compactMap { $0["stage"]?.text }
    }
}
