// What is free and what is taken: cpus, memory, GPUs and counted resources. Pure bookkeeping; the totals are the
// engine's.

import EngineAPI
import Model

/// Lends resources to executions.
public struct ResourcePool: Sendable {
    public let capacity: Capacity
    /// Whether cpus, memory and GPUs are counted here. If not, the engine's own queue sees to them.
    private let countsMachine: Bool
    private var freeCPUs: Quantity
    private var freeMemoryBytes: Int64
    /// By GPU; a share below one can be lent several times.
    private var freeGPUs: [Quantity]
    /// By GPU: what other runs on this machine had of it when that was last looked at.
    private var gpusHeldElsewhere: [Quantity]
    private var freeCounted: [String: Quantity]

    public init(_ capacity: Capacity) { self.init(capacity, countsMachine: true) }

    public init(_ admission: Admission) {
        switch admission {
        case .pool(let capacity): self.init(capacity, countsMachine: true)
        case .inFlight(_, let counted):
            let capacity = Capacity(cpus: .zero, memoryBytes: .max, gpus: [], counted: counted)
            self.init(capacity, countsMachine: false)
        }
    }

    private init(_ capacity: Capacity, countsMachine: Bool) {
        self.capacity = capacity
        self.countsMachine = countsMachine
        freeCPUs = capacity.cpus
        freeMemoryBytes = capacity.memoryBytes
        freeGPUs = capacity.gpus.map { _ in Quantity.one }
        gpusHeldElsewhere = capacity.gpus.map { _ in Quantity.zero }
        freeCounted = capacity.counted
    }

    /// Why the request could not be met even by an idle machine, one phrase for each resource.
    public func impossibilities(of request: ResourceRequest) -> [(resource: String, phrase: String)] {
        var phrases: [(resource: String, phrase: String)] = []
        if countsMachine {
            if request.cpus > capacity.cpus {
                phrases.append(tooMuch("cpus", "\(request.cpus) cpus", "\(capacity.cpus)"))
            }
            if let bytes = request.memoryBytes, bytes > capacity.memoryBytes {
                phrases.append(tooMuch("memory", "\(bytes) bytes of memory", "\(capacity.memoryBytes)"))
            }
            if let gpus = request.gpus, gpus > Quantity(capacity.gpus.count) {
                phrases.append(tooMuch("gpus", "\(gpus) gpus", "\(capacity.gpus.count)"))
            }
        }
        for (name, amount) in request.counted.sorted(by: { $0.key < $1.key }) {
            if let total = capacity.counted[name] {
                if amount > total { phrases.append(tooMuch(name, "\(amount) of resource '\(name)'", "\(total)")) }
            } else {
                let problem =
                    resourceMeant(by: name).map { "\(name): unknown resource (did you mean '\($0)'?)" }
                    ?? "requests resource '\(name)', whose total is unknown"
                phrases.append((name, "\(problem); define it in \"capacity\" or with --capacity \(name)=N"))
            }
        }
        return phrases
    }

    private func tooMuch(
        _ name: String, _ requested: String, _ available: String
    ) -> (resource: String, phrase: String) {
        (
            name,
            "requests \(requested), more than the total of \(available); lower the request, or set --capacity \(name)=N"
        )
    }

    /// Takes what is asked for, or nothing.
    public mutating func lease(_ request: ResourceRequest) -> Lease? {
        let memory = request.memoryBytes ?? 0
        guard request.counted.allSatisfy({ $0.value <= freeCounted[$0.key] ?? .zero }) else { return nil }
        var devices: [(index: Int, share: Quantity)] = []
        if countsMachine {
            guard request.cpus <= freeCPUs, memory <= freeMemoryBytes,
                let free = self.devices(for: request.gpus ?? .zero)
            else { return nil }
            devices = free
            freeCPUs -= request.cpus
            freeMemoryBytes -= memory
        }
        for (name, amount) in request.counted { freeCounted[name, default: .zero] -= amount }
        guard countsMachine else { return Lease(request: request, gpus: nil) }
        for device in devices { freeGPUs[device.index] -= device.share }
        return Lease(request: request, gpus: request.gpus.map { _ in devices.map { capacity.gpus[$0.index] } })
    }

    public mutating func release(_ lease: Lease) {
        if countsMachine {
            freeCPUs += lease.request.cpus
            freeMemoryBytes += lease.request.memoryBytes ?? 0
        }
        for (name, amount) in lease.request.counted { freeCounted[name, default: .zero] += amount }
        for gpu in lease.gpus ?? [] {
            guard let index = capacity.gpus.firstIndex(of: gpu) else { continue }
            freeGPUs[index] += lease.gpuShare
        }
    }

    /// Notes what is taken of each GPU, by leases of this pool and by other runs.
    public mutating func updateGPUs(taken: [Quantity]) {
        for (index, amount) in taken.enumerated() {
            gpusHeldElsewhere[index] = max(.zero, amount - (.one - freeGPUs[index]))
        }
    }

    /// Whether the request would fit now if other runs held no GPUs.
    public func isHeldUpByOtherRuns(_ request: ResourceRequest) -> Bool {
        guard gpusHeldElsewhere.contains(where: { $0 > .zero }) else { return false }
        var (pool, alone) = (self, self)
        alone.gpusHeldElsewhere = alone.gpusHeldElsewhere.map { _ in .zero }
        return pool.lease(request) == nil && alone.lease(request) != nil
    }

    /// The GPUs that other runs hold a share of.
    public var namesOfGPUsHeldElsewhere: [String] {
        zip(capacity.gpus, gpusHeldElsewhere).filter { $0.1 > .zero }.map(\.0.name)
    }

    /// Whole GPUs that are free; for a fraction, the fullest GPU that still has room, so that whole ones stay free.
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
