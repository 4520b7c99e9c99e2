// What fits beside what.

import Model
import Testing

@testable import Execution

@Suite struct ResourcePoolTests {
    private let capacity = Capacity(
        cpus: Quantity(4), memoryBytes: 100, gpuIDs: ["0", "1"], counted: ["licence": Quantity(2)])

    private func half() -> ResourceRequest { ResourceRequest(cpus: .zero, gpus: Quantity(thousandths: 500)) }

    @Test func twoHalvesShareOneGPUAndWholeOnesStayFree() {
        var pool = ResourcePool(capacity)
        #expect(pool.lease(half())?.gpuIDs == ["0"])
        #expect(pool.lease(half())?.gpuIDs == ["0"])
        #expect(pool.lease(ResourceRequest(gpus: .one))?.gpuIDs == ["1"])
        #expect(pool.lease(half()) == nil)
    }

    @Test func aWholeGPUMustBeIdle() {
        var pool = ResourcePool(capacity)
        let small = pool.lease(half())
        #expect(pool.lease(ResourceRequest(gpus: Quantity(2))) == nil)
        if let small { pool.release(small) }
        #expect(pool.lease(ResourceRequest(gpus: Quantity(2)))?.gpuIDs == ["0", "1"])
    }

    @Test func nothingSaidAboutGPUsLeavesTheVariablesAlone() {
        var pool = ResourcePool(capacity)
        #expect(pool.lease(ResourceRequest())?.gpuIDs == nil)
        #expect(pool.lease(ResourceRequest(gpus: .zero))?.gpuIDs == [])
    }

    /// Requests that take everything of one kind, so that a second does not fit until the first is given back.
    @Test(arguments: [
        ResourceRequest(cpus: Quantity(3)), ResourceRequest(memoryBytes: 60), ResourceRequest(gpus: Quantity(2)),
        ResourceRequest(counted: ["licence": Quantity(2)]),
    ])
    func whatIsTakenIsGivenBack(_ request: ResourceRequest) {
        var pool = ResourcePool(capacity)
        for _ in 0..<3 {
            guard let lease = pool.lease(request) else {
                Issue.record("did not fit an idle machine")
                return
            }
            #expect(pool.lease(request) == nil)
            pool.release(lease)
        }
    }

    @Test func whatCanNeverBeMetIsSaid() {
        let pool = ResourcePool(capacity)
        #expect(pool.impossibilities(of: ResourceRequest()).isEmpty)
        let request = ResourceRequest(
            cpus: Quantity(5), gpus: Quantity(3), memoryBytes: 101, counted: ["licence": Quantity(3), "tape": .one])
        #expect(pool.impossibilities(of: request).count == 5)
    }
}
