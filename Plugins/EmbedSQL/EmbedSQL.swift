// Runs EmbedSQLTool on a target's SQL files before compilation, again if a file is added or changed. Knows folders;
// does not know SQL.

import Foundation
import PackagePlugin

@main
struct EmbedSQL: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
        guard let module = target.sourceModule else { return [] }
        // The folders are links to the top level of the package, which SwiftPM does not follow.
        let files = try ["migrations", "sql", "sql/canned"].flatMap { folder in
            let place = module.directoryURL.appending(path: folder).resolvingSymlinksInPath()
            return try FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: nil)
        }.filter { $0.pathExtension == "sql" }.sorted { $0.path < $1.path }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedSQL.swift")
        return [
            .buildCommand(
                displayName: "Embedding SQL",
                executable: try context.tool(named: "EmbedSQLTool").url,
                arguments: [output.path] + files.map(\.path), inputFiles: files, outputFiles: [output])
        ]
    }
}
