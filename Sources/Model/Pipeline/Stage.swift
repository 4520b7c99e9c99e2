// A stage after expansion: one node of the graph, every template replaced. Knows what was requested; does not know
// whether it is fresh, running or done.

/// What a stage executes.
public enum Command: Hashable, Sendable {
    /// Executed as it is, without a shell.
    case argv([String])
    /// Passed to a shell (`Stage.shell`), or executed without one if that is equivalent (`Stage.plainWords`).
    case shell(String)
}

/// The text as one word of a POSIX shell, quoted only where it needs it.
public func shellQuoted(_ word: String) -> String {
    let safe =
        !word.isEmpty
        && word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "_@%+=:,./-".utf8.contains(byte)
            }
        }
    if safe { return word }
    var quoted = "'"
    for character in word.unicodeScalars {
        if character == "'" { quoted += "'\\''" } else { quoted.unicodeScalars.append(character) }
    }
    return quoted + "'"
}

/// What the digest of a path covers.
public enum DigestMode: String, Hashable, Sendable {
    /// Contents of a file, or the manifest of a directory.
    case content
    /// Sizes and modification times only.
    case metadata
}

/// One path that a stage reads. An input with `from` that fans in becomes several of the same name, in graph order.
public struct Input: Hashable, Sendable {
    /// The name in the file; the path if the file gives no name; `program` for the program itself.
    public let name: String
    /// Relative to the pipeline's folder, normalised (`a/b`, no `.` or `//`), or absolute.
    public let path: String
    /// Whether `path` is a pattern with `*`, `?`, `[…]` or `**`.
    public let isGlob: Bool
    public let mode: DigestMode
    /// What does not count of a folder or of the matches of a pattern.
    public let exclusions: Exclusions

    public init(
        name: String, path: String, isGlob: Bool = false, mode: DigestMode = .content,
        exclusions: Exclusions = .standard
    ) {
        self.name = name
        self.path = path
        self.isGlob = isGlob
        self.mode = mode
        self.exclusions = exclusions
    }
}

/// Whether an output is left in place when its stage runs again, instead of being moved aside.
public enum Persistence: String, Hashable, Sendable {
    case no
    /// While the key is unchanged: checkpoints.
    case sameKey
    /// Also when the key changes: caches.
    case always
}

/// One path that a stage makes: a file or a directory.
public struct Output: Hashable, Sendable {
    public let name: String
    public let path: String
    public let mode: DigestMode
    public let persistence: Persistence
    /// A JSON file whose numbers are read into the store after success.
    public let isMetrics: Bool
    /// May lie outside the pipeline's folder.
    public let isExternal: Bool

    public init(
        name: String, path: String, mode: DigestMode = .content, persistence: Persistence = .no,
        isMetrics: Bool = false,
        isExternal: Bool = false
    ) {
        self.name = name
        self.path = path
        self.mode = mode
        self.persistence = persistence
        self.isMetrics = isMetrics
        self.isExternal = isExternal
    }
}

/// How inputs are found out that a stage reads without naming them.
public struct InputDiscovery: Hashable, Sendable {
    /// Whether modules of the project are inputs when Python imports them.
    public var followsImports: Bool
    /// Whether the command starts Python, so that it should report what it imports.
    public var startsPython: Bool
    /// A file in which the stage writes what it has read, as a rule of make. Relative to the pipeline's folder.
    public var depfile: String?
    /// Paths that the program may have and that are no inputs by its author's choice. Relative to the pipeline's folder.
    public var ignoredPrograms: [String]

    public init(
        followsImports: Bool = true, startsPython: Bool = false, depfile: String? = nil, ignoredPrograms: [String] = []
    ) {
        self.followsImports = followsImports
        self.startsPython = startsPython
        self.depfile = depfile
        self.ignoredPrograms = ignoredPrograms
    }
}

/// A named value that belongs to a stage's key. A value inside objects has the path as its name: `optim.lr`.
public struct Param: Hashable, Sendable {
    public let name: String
    public let value: JSONValue
    public init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }
}

/// One node of the graph.
public struct Stage: Hashable, Sendable {
    /// Unique in the pipeline: `compare`, `train@dataset=iris,lr=0.1`.
    public var name: String
    /// The name in the file: `train`.
    public var template: String
    public var summary: String?
    public var command: Command
    /// What runs a command that is shell text, as words that the text follows; nil: `Shell.standard`. Part of the key
    /// where it is set; nil for other commands.
    public var shell: Shell?
    /// Relative to the pipeline's folder; nil for that folder itself.
    public var workingDirectory: String?
    /// Set for the command, sorted by name; part of the key.
    public var environment: [EnvironmentVariable]
    /// Names taken from the caller's environment, sorted; their values are part of the key.
    public var passedEnvironment: [String]
    /// The values of all params that it declares, mentions or uses, and the matrix values, sorted by name; part of the
    /// key.
    public var params: [Param]
    /// The same params as nested objects, with sorted keys; nil if none is nested.
    public var nestedParams: JSONValue?
    /// What the key has instead of the command and the environment, where values in them are not in canonical form.
    public var keyForm: KeyForm?
    public var inputs: [Input]
    public var outputs: [Output]
    public var resources: ResourceRequest
    public var retries: RetryPolicy
    public var timeoutSeconds: Double?
    public var isAlways: Bool
    public var isFrozen: Bool
    /// Earlier versions of its outputs that stay restorable.
    public var keep: Int
    public var discovery: InputDiscovery
    /// What of its command and environment is replaced when an attempt starts.
    public var lateTemplates: [LateTemplate]

    public init(
        name: String, template: String, summary: String? = nil, command: Command, shell: Shell? = nil,
        workingDirectory: String? = nil, environment: [EnvironmentVariable] = [], passedEnvironment: [String] = [],
        params: [Param] = [], nestedParams: JSONValue? = nil, keyForm: KeyForm? = nil, inputs: [Input] = [],
        outputs: [Output] = [], resources: ResourceRequest = ResourceRequest(),
        retries: RetryPolicy = RetryPolicy(), timeoutSeconds: Double? = nil, isAlways: Bool = false,
        isFrozen: Bool = false, keep: Int = 1, discovery: InputDiscovery = InputDiscovery(),
        lateTemplates: [LateTemplate] = []
    ) {
        self.name = name
        self.template = template
        self.summary = summary
        self.command = command
        self.shell = shell
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.passedEnvironment = passedEnvironment
        self.params = params
        self.nestedParams = nestedParams
        self.keyForm = keyForm
        self.inputs = inputs
        self.outputs = outputs
        self.resources = resources
        self.retries = retries
        self.timeoutSeconds = timeoutSeconds
        self.isAlways = isAlways
        self.isFrozen = isFrozen
        self.keep = keep
        self.discovery = discovery
        self.lateTemplates = lateTemplates
    }
}

extension Stage {
    /// Its params as one object: what the process gets.
    public var givenParams: JSONValue {
        nestedParams ?? .object(params.map { JSONValue.Member(name: $0.name, value: $0.value) })
    }
}

/// The form in which a stage's command and environment are part of its key: the same however numbers are spelled
/// (`0.10` is `0.1`) and in whatever order the keys of an object are written.
public struct KeyForm: Hashable, Sendable {
    public let command: Command
    /// As `Stage.environment`.
    public let environment: [EnvironmentVariable]
    public init(command: Command, environment: [EnvironmentVariable]) {
        self.command = command
        self.environment = environment
    }
}

/// A variable of a stage's environment.
public struct EnvironmentVariable: Hashable, Sendable {
    public let name: String
    /// nil: a passed variable that the caller's environment lacks.
    public let value: String?
    public init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}
