// Encodes and decodes a stage. Knows every field of `Stage`; does not know the pipeline.

import Model

extension ByteWriter {
    mutating func write(_ stage: Stage) {
        write(stage.name)
        write(stage.template)
        write(stage.summary) { $0.write($1) }
        write(stage.command)
        write(stage.shell) { writer, shell in writer.write(each: shell.words) { $0.write($1) } }
        write(stage.workingDirectory) { $0.write($1) }
        write(stage.environment)
        write(each: stage.passedEnvironment) { $0.write($1) }
        write(each: stage.params) { writer, param in
            writer.write(param.name)
            writer.write(param.value)
        }
        write(stage.nestedParams) { $0.write($1) }
        write(stage.keyForm) { writer, form in
            writer.write(form.command)
            writer.write(form.environment)
        }
        write(each: stage.inputs) { $0.write($1) }
        write(each: stage.outputs) { $0.write($1) }
        write(stage.resources)
        write(stage.retries)
        write(stage.timeoutSeconds) { $0.write($1) }
        write(stage.isAlways)
        write(stage.isFrozen)
        write(stage.keep)
        write(stage.discovery.followsImports)
        write(stage.discovery.startsPython)
        write(stage.discovery.depfile) { $0.write($1) }
        write(each: stage.discovery.ignoredPrograms) { $0.write($1) }
        write(each: stage.lateTemplates) { $0.write($1) }
    }

    private mutating func write(_ command: Command) {
        switch command {
        case .argv(let words):
            write(false)
            write(each: words) { $0.write($1) }
        case .shell(let text):
            write(true)
            write(text)
        }
    }

    private mutating func write(_ variables: [EnvironmentVariable]) {
        write(each: variables) { writer, variable in
            writer.write(variable.name)
            writer.write(variable.value) { $0.write($1) }
        }
    }

    private mutating func write(_ input: Input) {
        write(input.name)
        write(input.path)
        write(input.isGlob)
        write(input.mode.rawValue)
        write(input.exclusions.leavesOutNoise)
        write(each: input.exclusions.patterns) { $0.write($1) }
    }

    private mutating func write(_ output: Output) {
        write(output.name)
        write(output.path)
        write(output.mode.rawValue)
        write(output.persistence.rawValue)
        write(output.isMetrics)
        write(output.isExternal)
    }

    private mutating func write(_ request: ResourceRequest) {
        write(request.cpus.thousandths)
        write(request.gpus) { $0.write($1.thousandths) }
        write(request.memoryBytes) { $0.write(Int($1)) }
        write(request.counted)
    }

    mutating func write(_ quantities: [String: Quantity]) {
        write(each: quantities.sorted { $0.key < $1.key }) { writer, entry in
            writer.write(entry.key)
            writer.write(entry.value.thousandths)
        }
    }

    private mutating func write(_ policy: RetryPolicy) {
        write(policy.max)
        write(policy.delaySeconds)
        write(each: policy.on.map(\.rawValue).sorted()) { $0.write($1) }
        write(policy.memoryFactor)
    }

    private mutating func write(_ value: JSONValue) {
        switch value {
        case .null: write(0)
        case .bool(let flag):
            write(1)
            write(flag)
        case .number(let spelled):
            write(2)
            write(spelled)
        case .string(let text):
            write(3)
            write(text)
        case .array(let elements):
            write(4)
            write(each: elements) { $0.write($1) }
        case .object(let members):
            write(5)
            write(each: members) { writer, member in
                writer.write(member.name)
                writer.write(member.value)
            }
        }
    }
}

extension ByteReader {
    mutating func stage() throws(Malformed) -> Stage {
        let (name, template) = (try text(), try text())
        let summary = try optional { reader throws(Malformed) in try reader.text() }
        return Stage(
            name: name, template: template, summary: summary, command: try command(),
            shell: try optional { reader throws(Malformed) in
                Shell(words: try reader.list { reader throws(Malformed) in try reader.text() })
            },
            workingDirectory: try optional { reader throws(Malformed) in try reader.text() },
            environment: try variables(),
            passedEnvironment: try list { reader throws(Malformed) in try reader.text() },
            params: try list { reader throws(Malformed) in
                Param(name: try reader.text(), value: try reader.json(depth: 0))
            },
            nestedParams: try optional { reader throws(Malformed) in try reader.json(depth: 0) },
            keyForm: try optional { reader throws(Malformed) in
                KeyForm(command: try reader.command(), environment: try reader.variables())
            },
            inputs: try list { reader throws(Malformed) in
                Input(
                    name: try reader.text(), path: try reader.text(), isGlob: try reader.flag(),
                    mode: try reader.word(),
                    exclusions: Exclusions(
                        leavesOutNoise: try reader.flag(),
                        patterns: try reader.list { reader throws(Malformed) in try reader.text() }))
            },
            outputs: try list { reader throws(Malformed) in
                Output(
                    name: try reader.text(), path: try reader.text(), mode: try reader.word(),
                    persistence: try reader.word(),
                    isMetrics: try reader.flag(), isExternal: try reader.flag())
            },
            resources: ResourceRequest(
                cpus: Quantity(thousandths: try integer()),
                gpus: try optional { reader throws(Malformed) in Quantity(thousandths: try reader.integer()) },
                memoryBytes: try optional { reader throws(Malformed) in Int64(try reader.integer()) },
                counted: try quantities()),
            retries: RetryPolicy(
                max: try integer(), delaySeconds: try double(),
                on: Set(try list { reader throws(Malformed) in try reader.word() }), memoryFactor: try double()),
            timeoutSeconds: try optional { reader throws(Malformed) in try reader.double() }, isAlways: try flag(),
            isFrozen: try flag(), keep: try integer(),
            discovery: InputDiscovery(
                followsImports: try flag(), startsPython: try flag(),
                depfile: try optional { reader throws(Malformed) in try reader.text() },
                ignoredPrograms: try list { reader throws(Malformed) in try reader.text() }),
            lateTemplates: try list { reader throws(Malformed) in try reader.lateTemplate() })
    }

    private mutating func command() throws(Malformed) -> Command {
        try flag() ? .shell(try text()) : .argv(try list { reader throws(Malformed) in try reader.text() })
    }

    private mutating func variables() throws(Malformed) -> [EnvironmentVariable] {
        try list { reader throws(Malformed) in
            EnvironmentVariable(
                name: try reader.text(), value: try reader.optional { reader throws(Malformed) in try reader.text() })
        }
    }

    mutating func quantities() throws(Malformed) -> [String: Quantity] {
        var quantities: [String: Quantity] = [:]
        for _ in 0..<max(0, try integer()) { quantities[try text()] = Quantity(thousandths: try integer()) }
        return quantities
    }

    /// A case of an enumeration with raw strings.
    private mutating func word<T: RawRepresentable<String>>() throws(Malformed) -> T {
        guard let value = T(rawValue: try text()) else { throw Malformed() }
        return value
    }

    private mutating func json(depth: Int) throws(Malformed) -> JSONValue {
        // Deeper values are corrupt: the JSON reader rejects them.
        guard depth < 1000 else { throw Malformed() }
        switch try integer() {
        case 0: return .null
        case 1: return .bool(try flag())
        case 2: return .number(try text())
        case 3: return .string(try text())
        case 4: return .array(try list { reader throws(Malformed) in try reader.json(depth: depth + 1) })
        case 5:
            return .object(
                try list { reader throws(Malformed) in
                    JSONValue.Member(name: try reader.text(), value: try reader.json(depth: depth + 1))
                })
        default: throw Malformed()
        }
    }
}
