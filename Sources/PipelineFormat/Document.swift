// The decoded file, before matrices are expanded and templates are replaced. Knows what a file may contain; does not
// know the stages it expands to.

import JSON
import Model

/// A value and its position in the file.
struct Located<Value> {
    let value: Value
    let position: JSONPosition
}

/// Names and values in the order of the file.
typealias Named<Value> = [(name: String, value: Value)]

struct PipelineDocument {
    var name: String?
    var axes: Named<Axis> = []
    var params: [String: JSONValue] = [:]
    var defaults = StageDocument()
    var stages: [StageDocument] = []
    var defaultTargets: [Located<String>]?
    var capacity: [String: Quantity] = [:]
}

/// The values of one dimension of a matrix.
struct Axis {
    var values: [AxisValue]
    var position: JSONPosition
    /// Whether some of its values are invalid: they were reported and left out.
    var isDamaged = false
}

struct AxisValue {
    let value: JSONValue
    /// As in the file, without quotes.
    let spelled: String
    /// Normalized: equal values have equal text.
    let comparable: String
    let position: JSONPosition
    /// Settings of the stages that have this value.
    var overlay: Settings?
}

/// What a stage, an axis value or `defaults` may set. Nil or an absent name: not set.
struct Settings {
    var params: [String: JSONValue] = [:]
    var resources = ResourceSettings()
    var env: [String: EnvironmentSetting] = [:]
    var timeoutSeconds: Double?
    var retries = RetrySettings()

    /// Replaces what the other sets, name by name.
    mutating func overlay(_ other: Settings) {
        params.merge(other.params) { $1 }
        resources.overlay(other.resources)
        env.merge(other.env) { $1 }
        timeoutSeconds = other.timeoutSeconds ?? timeoutSeconds
        retries.overlay(other.retries)
    }
}

struct EnvironmentSetting {
    let text: Located<String>
    /// `stages.train.env.NAME`, or the axis value that sets it.
    let place: String
}

struct ResourceSettings {
    var cpus: Quantity?
    var gpus: Quantity?
    var memoryBytes: Int64?
    var counted: [String: Quantity] = [:]

    mutating func overlay(_ other: ResourceSettings) {
        cpus = other.cpus ?? cpus
        gpus = other.gpus ?? gpus
        memoryBytes = other.memoryBytes ?? memoryBytes
        counted.merge(other.counted) { $1 }
    }

    var request: ResourceRequest {
        ResourceRequest(cpus: cpus ?? .one, gpus: gpus, memoryBytes: memoryBytes, counted: counted)
    }
}

struct RetrySettings {
    var max: Int?
    var delaySeconds: Double?
    var on: Set<ExecutionState>?
    var memoryFactor: Double?

    mutating func overlay(_ other: RetrySettings) {
        max = other.max ?? max
        delaySeconds = other.delaySeconds ?? delaySeconds
        on = other.on ?? on
        memoryFactor = other.memoryFactor ?? memoryFactor
    }

    var policy: RetryPolicy {
        var policy = RetryPolicy()
        policy.max = max ?? policy.max
        policy.delaySeconds = delaySeconds ?? policy.delaySeconds
        policy.on = on ?? policy.on
        policy.memoryFactor = memoryFactor ?? policy.memoryFactor
        return policy
    }
}

/// A class, because all stages of a template share it.
final class StageDocument {
    var name = ""
    var position = JSONPosition(line: 1, column: 1)
    var summary: String?
    var command: CommandDocument?
    /// Whether its command is invalid, which was reported.
    var hasBrokenCommand = false
    var shell: Shell?
    var workdir: Located<String>?
    var inputs: InputList?
    var outputs: OutputList?
    var matrix: Matrix?
    var include: [MatrixPoint]?
    var exclude: [MatrixPoint]?
    var needs: [Located<String>]?
    var settings = Settings()
    var passedEnvironment: [String]?
    var isAlways: Bool?
    var isFrozen: Bool?
    var keep: Int?
    var tracksProgram: Bool?
    var tracksImports: Bool?
    var depfile: Located<String>?

    var place: String { "stages." + name }

    /// The stage with the defaults for all that it does not set; objects are merged name by name.
    func over(_ defaults: StageDocument) -> StageDocument {
        let result = StageDocument()
        result.name = name
        result.position = position
        result.hasBrokenCommand = hasBrokenCommand
        result.summary = summary ?? defaults.summary
        result.command = command ?? defaults.command
        result.shell = shell ?? defaults.shell
        result.workdir = workdir ?? defaults.workdir
        result.inputs = inputs?.over(defaults.inputs) ?? defaults.inputs
        result.outputs = outputs?.over(defaults.outputs) ?? defaults.outputs
        result.matrix = matrix ?? defaults.matrix
        result.include = include ?? defaults.include
        result.exclude = exclude ?? defaults.exclude
        result.needs = needs ?? defaults.needs
        result.settings = defaults.settings
        result.settings.overlay(settings)
        result.passedEnvironment = passedEnvironment ?? defaults.passedEnvironment
        result.isAlways = isAlways ?? defaults.isAlways
        result.isFrozen = isFrozen ?? defaults.isFrozen
        result.keep = keep ?? defaults.keep
        result.tracksProgram = tracksProgram ?? defaults.tracksProgram
        result.tracksImports = tracksImports ?? defaults.tracksImports
        result.depfile = depfile ?? defaults.depfile
        return result
    }
}

enum CommandDocument {
    case argv([Located<String>])
    case shell(Located<String>)
}

/// Inputs or outputs. An object can be merged with another, a list of paths cannot.
struct PathList<Item> {
    var items: Named<Item>
    let isObject: Bool

    func over(_ defaults: PathList?) -> PathList {
        guard let defaults, isObject, defaults.isObject else { return self }
        var merged = self
        let own = Set(items.map(\.name))
        merged.items = defaults.items.filter { !own.contains($0.name) } + items
        return merged
    }
}

typealias InputList = PathList<InputDocument>
typealias OutputList = PathList<OutputDocument>

struct InputDocument {
    enum Source {
        case path(String)
        /// `train.scores`
        case from(String)
    }
    var source: Source
    var mode: DigestMode
    var position: JSONPosition
    /// `inputs.data`, `inputs[2]`: relative to the stage.
    var place: String
}

struct OutputDocument {
    var path: String
    var mode: DigestMode
    var persistence: Persistence
    var isMetrics: Bool
    var isExternal: Bool
    var position: JSONPosition
    var place: String
}

enum Matrix {
    /// Names of the pipeline's axes.
    case axes([Located<String>])
    /// The stage's own axes.
    case own(Named<Axis>, position: JSONPosition)
}

/// One object of `include` or `exclude`.
struct MatrixPoint {
    let values: Named<AxisValue>
    let position: JSONPosition
}
