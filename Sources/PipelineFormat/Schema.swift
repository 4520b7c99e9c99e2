public let pipelineSchema = ""
