// What fits beside what.

import EngineAPI
import Model
import Testing

@testable import Coordinator

@Suite struct ResourcePoolTests {
    private let capacity = Capacity(
        cpus: Quantity(4), memoryBytes: 100, gpus: [Device(id: "0"), Device(id: "1")],
        counted: ["licence": Quantity(2)])

    private func half() -> ResourceRequest { ResourceRequest(cpus: .zero, gpus: Quantity(thousandths: 500)) }

    @Test func twoHalvesShareOneGPUAndWholeOnesStayFree() {
        var pool = ResourcePool(capacity)
        #expect(pool.lease(half())?.gpus?.map(\.id) == ["0"])
        #expect(pool.lease(half())?.gpus?.map(\.id) == ["0"])
        #expect(pool.lease(ResourceRequest(gpus: .one))?.gpus?.map(\.id) == ["1"])
        #expect(pool.lease(half()) == nil)
    }

    @Test func aWholeGPUMustBeIdle() {
        var pool = ResourcePool(capacity)
        let small = pool.lease(half())
        #expect(pool.lease(ResourceRequest(gpus: Quantity(2))) == nil)
        if let small { pool.release(small) }
        #expect(pool.lease(ResourceRequest(gpus: Quantity(2)))?.gpus?.map(\.id) == ["0", "1"])
    }

    @Test func nothingSaidAboutGPUsLeavesTheVariablesAlone() {
        var pool = ResourcePool(capacity)
        #expect(pool.lease(ResourceRequest())?.gpus?.map(\.id) == nil)
        #expect(pool.lease(ResourceRequest(gpus: .zero))?.gpus?.map(\.id) == [])
    }

    @Test func whatOtherRunsHoldIsNotGiven() {
        var pool = ResourcePool(capacity)
        #expect(pool.lease(half())?.gpus?.map(\.id) == ["0"])
        // Half of the first is this pool's own; a quarter of each is another run's.
        let quarters = [Quantity(thousandths: 750), Quantity(thousandths: 250)]
        pool.updateGPUs(taken: quarters)
        #expect(pool.namesOfGPUsHeldElsewhere == ["0", "1"])
        #expect(pool.isHeldUpByOtherRuns(ResourceRequest(gpus: .one)))
        #expect(
            !pool.isHeldUpByOtherRuns(ResourceRequest(cpus: Quantity(4), gpus: Quantity(2))), "nor would it fit alone")
        #expect(!pool.isHeldUpByOtherRuns(half()))
        #expect(pool.lease(ResourceRequest(gpus: .one)) == nil)
        #expect(pool.lease(half())?.gpus?.map(\.id) == ["1"])
        pool.updateGPUs(taken: [Quantity(thousandths: 500), Quantity(thousandths: 500)])
        #expect(pool.namesOfGPUsHeldElsewhere.isEmpty)
        #expect(pool.lease(half())?.gpus?.map(\.id) == ["0"])
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
