// Runs EmbedSupervisorTool on the sources of the target CSupervisor, again if a file is added or changed. Knows files;
// does not know the compiler's options.

import Foundation
import PackagePlugin

@main
struct EmbedSupervisor: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
        let folder = context.package.directoryURL.appending(path: "Sources/CSupervisor")
        let files = try [folder, folder.appending(path: "include")].flatMap {
            try FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil)
        }.filter { ["c", "h"].contains($0.pathExtension) }.sorted { $0.path < $1.path }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedSupervisor.swift")
        let sources = files.filter { $0.pathExtension == "c" }.map(\.path)
        return [
            .buildCommand(
                displayName: "Embedding the supervisor", executable: try context.tool(named: "EmbedSupervisorTool").url,
                // The compiler that SwiftPM uses for C targets.
                arguments: [output.path, try context.tool(named: "clang").url.path] + sources,
                inputFiles: files, outputFiles: [output])
        ]
    }
}
