// What a stage requests. Knows amounts; does not know what is available (`Coordinator`'s resource pool does).

/// An amount of a countable resource, in thousandths, so that fractions of a GPU add up exactly.
public struct Quantity: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var thousandths: Int

    public init(thousandths: Int) { self.thousandths = thousandths }
    public init(_ whole: Int) { thousandths = whole * 1000 }

    /// The nearest thousandth; nil for a negative, infinite or absurdly large number and for one that is not zero but
    /// rounds to it.
    public init?(_ value: Double) {
        guard value.isFinite, value >= 0, value < 1e15 else { return nil }
        let rounded = Int((value * 1000).rounded())
        guard rounded > 0 || value == 0 else { return nil }
        thousandths = rounded
    }

    public static let zero = Quantity(0)
    public static let one = Quantity(1)

    public var isWhole: Bool { thousandths % 1000 == 0 }
    public var value: Double { Double(thousandths) / 1000 }

    /// `2`, `0.5`: no trailing zeros.
    public var description: String { isWhole ? String(thousandths / 1000) : "\(value)" }

    public static func < (left: Quantity, right: Quantity) -> Bool { left.thousandths < right.thousandths }
    public static func + (left: Quantity, right: Quantity) -> Quantity {
        Quantity(thousandths: left.thousandths + right.thousandths)
    }
    public static func - (left: Quantity, right: Quantity) -> Quantity {
        Quantity(thousandths: left.thousandths - right.thousandths)
    }
    public static func += (left: inout Quantity, right: Quantity) { left.thousandths += right.thousandths }
    public static func -= (left: inout Quantity, right: Quantity) { left.thousandths -= right.thousandths }
}

/// What one attempt of a stage gets.
public struct ResourceRequest: Hashable, Sendable {
    public var cpus: Quantity
    /// nil if the stage does not mention GPUs; it then gets the caller's variables unchanged.
    public var gpus: Quantity?
    public var memoryBytes: Int64?
    /// Resources the pipeline or `--capacity` counts, by name.
    public var counted: [String: Quantity]

    public init(
        cpus: Quantity = .one, gpus: Quantity? = nil, memoryBytes: Int64? = nil, counted: [String: Quantity] = [:]
    ) {
        self.cpus = cpus
        self.gpus = gpus
        self.memoryBytes = memoryBytes
        self.counted = counted
    }
}

/// The resource that every machine has and that a name probably means; nil if there is none.
public func resourceMeant(by name: String) -> String? {
    let synonyms = [
        "gpus": ["gpu", "cuda", "num_gpus", "n_gpus", "ngpus", "gpu_count", "gpus_count", "devices"],
        "cpus": ["cpu", "core", "cores", "thread", "threads", "num_cpus", "n_cpus", "ncpus", "n_jobs", "cpu_count"],
        "memory": ["mem", "ram", "memory_bytes", "memory_mb", "memory_gb", "mem_mb", "mem_gb", "mem_bytes", "mem_mib"],
    ]
    let lower = name.lowercased().replacing("-", with: "_")
    if let meant = synonyms.first(where: { $0.key == lower || $0.value.contains(lower) })?.key { return meant }
    return nearest(to: lower, among: ["cpus", "gpus", "memory"])
}

/// When and how a failed attempt is tried again.
public struct RetryPolicy: Hashable, Sendable {
    /// Attempts after the first.
    public var max: Int
    /// Seconds before the second attempt; doubles with each further one.
    public var delaySeconds: Double
    /// The end states that are tried again.
    public var on: Set<ExecutionState>
    /// What the memory request is multiplied by at each further attempt (`"memory": "x2"`).
    public var memoryFactor: Double

    public init(
        max: Int = 0, delaySeconds: Double = 0, on: Set<ExecutionState> = [.failed, .timedOut, .outOfMemory],
        memoryFactor: Double = 1
    ) {
        self.max = max
        self.delaySeconds = delaySeconds
        self.on = on
        self.memoryFactor = memoryFactor
    }
}
