// What there is and what is taken: cpus, memory, GPUs and counted resources. Pure bookkeeping; finding out what the
// machine has is the work of Capacity.swift.

import EngineAPI
import Model

/// Hands out leases.
public struct ResourcePool: Sendable {
    public let capacity: Capacity
    private var freeCPUs: Quantity
    private var freeMemoryBytes: Int64
    /// By GPU; a share below one can be lent several times.
    private var freeGPUs: [Quantity]
    /// By GPU: what other runs on this machine had of it when that was last looked at.
    private var gpusHeldElsewhere: [Quantity]
    private var freeCounted: [String: Quantity]

    public init(_ capacity: Capacity) {
        self.capacity = capacity
        freeCPUs = capacity.cpus
        freeMemoryBytes = capacity.memoryBytes
        freeGPUs = capacity.gpus.map { _ in Quantity.one }
        gpusHeldElsewhere = capacity.gpus.map { _ in Quantity.zero }
        freeCounted = capacity.counted
    }

    /// Why the request could not be met even by an idle machine, one phrase a resource.
    public func impossibilities(of request: ResourceRequest) -> [String] {
        var phrases: [String] = []
        if request.cpus > capacity.cpus {
            phrases.append(
                "asks for \(request.cpus) cpus, but there are \(capacity.cpus); lower it, or say --capacity cpus=N")
        }
        if let bytes = request.memoryBytes, bytes > capacity.memoryBytes {
            phrases.append(
                "asks for \(bytes) bytes of memory, but there are \(capacity.memoryBytes); lower it, or say --capacity memory=N"
            )
        }
        if let gpus = request.gpus, gpus > Quantity(capacity.gpus.count) {
            let count = capacity.gpus.count
            phrases.append("asks for \(gpus) gpus, but there are \(count); lower it, or say --capacity gpus=N")
        }
        for (name, amount) in request.counted.sorted(by: { $0.key < $1.key }) {
            guard let total = capacity.counted[name] else {
                phrases.append(
                    "asks for the resource '\(name)', whose total is unknown: give it in \"capacity\" or by --capacity \(name)=N"
                )
                continue
            }
            if amount > total {
                phrases.append(
                    "asks for \(amount) of the resource '\(name)', but there are \(total); lower it, or say --capacity \(name)=N"
                )
            }
        }
        return phrases
    }

    /// Takes what is asked for, or nothing.
    public mutating func lease(_ request: ResourceRequest) -> Lease? {
        let memory = request.memoryBytes ?? 0
        guard request.cpus <= freeCPUs, memory <= freeMemoryBytes,
            request.counted.allSatisfy({ $0.value <= freeCounted[$0.key] ?? .zero }),
            let devices = devices(for: request.gpus ?? .zero)
        else { return nil }
        freeCPUs -= request.cpus
        freeMemoryBytes -= memory
        for (name, amount) in request.counted { freeCounted[name, default: .zero] -= amount }
        for device in devices { freeGPUs[device.index] -= device.share }
        return Lease(request: request, gpus: request.gpus.map { _ in devices.map { capacity.gpus[$0.index] } })
    }

    public mutating func release(_ lease: Lease) {
        freeCPUs += lease.request.cpus
        freeMemoryBytes += lease.request.memoryBytes ?? 0
        for (name, amount) in lease.request.counted { freeCounted[name, default: .zero] += amount }
        for gpu in lease.gpus ?? [] {
            guard let index = capacity.gpus.firstIndex(of: gpu) else { continue }
            freeGPUs[index] += lease.gpuShare
        }
    }

    /// Takes note of what is taken of each GPU on this machine, by leases of this pool and by other runs.
    public mutating func sawGPUs(taken: [Quantity]) {
        for (index, amount) in taken.enumerated() {
            gpusHeldElsewhere[index] = max(.zero, amount - (.one - freeGPUs[index]))
        }
    }

    /// Whether it is for other runs, and for nothing else, that the request does not fit now.
    public func isHeldUpByOtherRuns(_ request: ResourceRequest) -> Bool {
        guard gpusHeldElsewhere.contains(where: { $0 > .zero }) else { return false }
        var (pool, alone) = (self, self)
        alone.gpusHeldElsewhere = alone.gpusHeldElsewhere.map { _ in .zero }
        return pool.lease(request) == nil && alone.lease(request) != nil
    }

    /// The GPUs that other runs have something of.
    public var namesOfGPUsHeldElsewhere: [String] {
        zip(capacity.gpus, gpusHeldElsewhere).filter { $0.1 > .zero }.map(\.0.name)
    }

    /// Whole GPUs that nobody uses; a fraction on the fullest GPU that still has room, so that whole ones stay free.
    private func devices(for gpus: Quantity) -> [(index: Int, share: Quantity)]? {
        if gpus == .zero { return [] }
        let free = zip(freeGPUs, gpusHeldElsewhere).map { max(.zero, $0 - $1) }
        if gpus < .one {
            let fitting = free.indices.filter { free[$0] >= gpus }
            return fitting.min { free[$0] < free[$1] }.map { [($0, gpus)] }
        }
        let idle = free.indices.filter { free[$0] == .one }
        let count = gpus.thousandths / 1000
        return idle.count >= count ? idle.prefix(count).map { ($0, .one) } : nil
    }
}
