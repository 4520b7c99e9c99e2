// Reads files of params in their formats. Knows which format a name means; does not know what params are for.

import DataFormats
import JSON
import Model

struct ParamsFile {
    let path: String

    /// The params of the file. Reports every mistake in it at `place` of the pipeline, with its place in the file.
    func params(
        _ bytes: [UInt8], _ place: String, _ position: JSONPosition, _ problems: ProblemList
    ) -> [JSONValue.Member] {
        do {
            let root = try read(bytes)
            let inside = ProblemList()
            let params = SettingsDecoder(values: ValueDecoder(problems: inside)).params(root, "")
            for problem in inside.all {
                let message = problem.place.isEmpty ? problem.message : "\(problem.place): \(problem.message)"
                problems.add(place, position, "\(path)\(Self.text(problem.line, problem.column)): \(message)")
            }
            return params
        } catch let error as DataReadError {
            let (line, column) = (error.position.line, error.position.column)
            problems.add(place, position, "\(path)\(Self.text(line, column)): \(error.message).")
        } catch let error as JSONReadError {
            problems.add(place, position, "\(path)\(Self.text(error.line, error.column)): \(error.message).")
        } catch {
            problems.add(place, position, "\(error)")
        }
        return []
    }

    private static func text(_ line: Int?, _ column: Int?) -> String {
        line.map { ":\($0)" + (column.map { ":\($0)" } ?? "") } ?? ""
    }

    /// JSON, unless the name says otherwise.
    private func read(_ bytes: [UInt8]) throws -> JSONNode {
        let name = path.lowercased()
        if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { return try YAMLReader.read(bytes) }
        if name.hasSuffix(".toml") { return try TOMLReader.read(bytes) }
        return try JSONReader.read(bytes, dialect: .pipeline)
    }
}
