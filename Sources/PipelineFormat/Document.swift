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
    var params = ParamTree()
    /// What `params` was merged from.
    var paramLayers: ParamLayers = []
    var defaults = StageDocument()
    var stages: [StageDocument] = []
    var defaultTargets: [Located<String>]?
    var capacity: [String: Quantity] = [:]
    var secrets = SecretRules()
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

/// Objects of params, each merged over those before it.
typealias ParamLayers = [[JSONValue.Member]]

/// What a stage, an axis value or `defaults` may set. Nil or an absent name: not set.
struct Settings {
    var params: ParamLayers = []
    var resources = ResourceSettings()
    var env: [String: EnvironmentSetting] = [:]
    var timeoutSeconds: Double?
    var retries = RetrySettings()

    /// Replaces what the other sets, name by name.
    mutating func overlay(_ other: Settings) {
        params += other.params
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
    /// Paths of params that belong to the key without being mentioned.
    var uses: [Located<String>]?
    var tracksProgram: Bool?
    var tracksImports: Bool?
    var depfile: Located<String>?

    var place: String { "stages." + name }
    /// The paths of the params that it gives itself.
    private(set) lazy var declaredParams: [String] = settings.params.flatMap { ParamTree($0).leaves.map(\.name) }

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
        result.outputs = outputs?.overOutputs(defaults.outputs) ?? defaults.outputs
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
        result.uses = uses ?? defaults.uses
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

/// Inputs or outputs, by name. In a list of paths each path is its own name.
struct PathList<Item> {
    var items: Named<Item>

    /// Merges name by name, however the two are written.
    func over(_ defaults: PathList?) -> PathList {
        guard let defaults else { return self }
        let own = Set(items.map(\.name))
        return PathList(items: defaults.items.filter { !own.contains($0.name) } + items)
    }
}

typealias InputList = PathList<InputDocument>
typealias OutputList = PathList<OutputDocument>

extension OutputList {
    /// Merges name by name. A path that one has under a name and the other in a list is one output, with the name.
    func overOutputs(_ defaults: OutputList?) -> OutputList {
        guard let defaults else { return self }
        func named(_ items: Named<OutputDocument>) -> Set<String> {
            Set(items.filter { $0.name != $0.value.path }.map(\.value.path))
        }
        let (own, others) = (named(items), named(defaults.items))
        let kept = OutputList(items: items.filter { $0.name != $0.value.path || !others.contains($0.name) })
        return kept.over(
            OutputList(items: defaults.items.filter { $0.name != $0.value.path || !own.contains($0.name) }))
    }
}

struct InputDocument {
    enum Source {
        case path(String)
        /// `train.scores`
        case from(String)
    }
    var source: Source
    var mode: DigestMode
    /// Patterns; nil if not given.
    var exclude: [Located<String>]?
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
