// `runs schema`: prints the JSON Schema of the pipeline format, which is PipelineFormat's.

import ArgumentParser
import PipelineFormat

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of pipeline.json, for validation and completion in editors.")

    func run() {
        Terminal.standardOutput.write(pipelineSchema.hasSuffix("\n") ? pipelineSchema : pipelineSchema + "\n")
    }
}
