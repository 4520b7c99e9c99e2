// What an engine may use in total, and what one execution is lent of it. Knows amounts; counting what is free is the
// coordinator's `ResourcePool`.

import Model

/// Totals that executions may use.
public struct Capacity: Hashable, Sendable {
    public var cpus: Quantity
    public var memoryBytes: Int64
    public var gpus: [Device]
    public var counted: [String: Quantity]
    public init(cpus: Quantity, memoryBytes: Int64, gpus: [Device], counted: [String: Quantity]) {
        self.cpus = cpus
        self.memoryBytes = memoryBytes
        self.gpus = gpus
        self.counted = counted
    }
}

/// What one execution holds while it runs.
public struct Lease: Hashable, Sendable {
    public let request: ResourceRequest
    /// The GPUs it was given; nil when it requested none and gets the caller's variables untouched.
    public let gpus: [Device]?

    public init(request: ResourceRequest, gpus: [Device]?) {
        self.request = request
        self.gpus = gpus
    }

    /// How much of each of them.
    public var gpuShare: Quantity { min(request.gpus ?? .zero, .one) }
}
