// GPUs shared among runs: what one holds, another does not get; and what is a thousandth of a device.

import EngineAPI
import Glibc
import Model
import TestSupport
import Testing

@testable import LocalEngine

@Suite struct GPULockTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.folder }
    private let gpus = ["GPU-a", "GPU-b"].map { uuid in
        Device(id: uuid, uuid: uuid)
    }

    init() throws { temporary = try TemporaryFolder() }

    private func share(_ thousandths: Int) -> Quantity { Quantity(thousandths: thousandths) }

    private func take(_ locks: GPULocks, _ gpus: [Device], _ thousandths: Int) -> (any DeviceHold)? {
        if case .taken(let lock) = locks.take(gpus, share: share(thousandths)) { lock } else { nil }
    }

    @Test(
        arguments: [
            ([0..<1000], 1000, [0..<1000]), ([0..<1000], 333, [0..<333]),
            ([100..<300, 600..<700], 250, [100..<300, 600..<650]),
            ([100..<300, 600..<700], 300, [100..<300, 600..<700]), ([100..<300, 600..<700], 301, nil), ([], 1, nil),
            ([], 0, []),
        ] as [([Range<Int>], Int, [Range<Int>]?)])
    func aShareIsMadeOfWhatIsFree(_ gaps: [Range<Int>], _ count: Int, _ expected: [Range<Int>]?) {
        #expect(GPULockFile.pieces(of: gaps, holding: count) == expected)
    }

    @Test func sharesOfTwoRunsAddUp() throws {
        let (one, other) = (GPULocks(gpus, folder: folder), GPULocks(gpus, folder: folder))
        let first = try #require(take(one, [gpus[0]], 300))
        var second = take(other, [gpus[0]], 400)
        #expect(second != nil)
        #expect(one.taken() == [share(700), .zero] && other.taken() == [share(700), .zero])
        #expect(take(one, [gpus[0]], 301) == nil)
        // What is given back in the middle is used again, in pieces.
        let third = try #require(take(one, [gpus[0]], 300))
        second = nil
        #expect(one.taken() == [share(600), .zero])
        let fourth = try #require(take(other, [gpus[0]], 400))
        #expect(one.taken() == [.one, .zero])
        withExtendedLifetime((first, third, fourth)) {}
    }

    @Test func allDevicesOrNone() throws {
        let (one, other) = (GPULocks(gpus, folder: folder), GPULocks(gpus, folder: folder))
        let held = try #require(take(one, [gpus[1]], 1000))
        #expect(take(other, gpus, 1000) == nil)
        #expect(one.taken() == [.zero, .one])
        let first = try #require(take(other, [gpus[0]], 1000))
        #expect(one.taken() == [.one, .one])
        withExtendedLifetime((held, first)) {}
    }

    @Test func aFileThatWasRemovedIsMadeAgain() throws {
        let locks = GPULocks(gpus, folder: folder)
        #expect(take(locks, gpus, 1000) != nil)
        #expect(system("rm '\(folder)'/* && ls '\(folder)' | wc -l | grep -q 0") == 0)
        #expect(take(locks, gpus, 1000) != nil)
        var status = stat()
        #expect(stat("\(folder)/runs-gpu-GPU-a.lock", &status) == 0 && status.st_mode & 0o777 == 0o666)
    }

    @Test func whereNothingCanBeLockedItIsSaid() {
        system("rm -r '\(folder)'")
        guard case .unavailable(let why) = GPULocks(gpus, folder: folder).take(gpus, share: .one) else {
            Issue.record("a lock in a folder that is not there")
            return
        }
        #expect(why.contains("GPU-a") && why.contains("No such file"))
        #expect(GPULocks(gpus, folder: folder).taken() == [.zero, .zero])
    }

    @Test func numbersThatNoDriverToldOfAreNotShared() throws {
        let gpus = [Device(id: "251"), Device(id: "../x")]
        let lock = try #require(take(GPULocks(gpus, folder: folder), gpus, 1000))
        system("rmdir '\(folder)'")
        #expect(access(folder, F_OK) != 0, "no file was made")
        withExtendedLifetime(lock) {}
    }
}
