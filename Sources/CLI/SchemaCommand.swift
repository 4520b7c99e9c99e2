// `runs schema`: the JSON Schema of the pipeline format.

import ArgumentParser
import PipelineFormat

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of pipeline.json, for editors that complete and check it.")

    func run() {
        Terminal.standardOutput.write(pipelineSchema.hasSuffix("\n") ? pipelineSchema : pipelineSchema + "\n")
    }
}
