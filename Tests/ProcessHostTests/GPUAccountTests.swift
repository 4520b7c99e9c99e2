// What an execution is said to have used, from readings of devices: tables of samples and what they come to.

import EngineAPI
import GPU
import Model
import Testing

@testable import ProcessHost

@Suite struct GPUAccountTests {
    /// A device at a moment: memory in use, per cent, and processes as pid: bytes; nil: the driver does not tell.
    private func reading(
        _ uuid: String, _ used: Int64?, percent: Double? = 50, _ processes: [Int32: Int64?]?
    ) -> GPUReading {
        GPUReading(
            uuid: uuid, usedBytes: used, utilization: percent.map { $0 / 100 },
            processes: processes?.map { GPUProcess(pid: $0.key, bytes: $0.value) })
    }

    private func usage(
        _ samples: [[GPUReading]], devices: Set<String> = ["a", "b"], isGiven: Bool = true, isExclusive: Bool = false,
        isContainer: Bool = false, byProgram: Bool = false
    ) -> GPUUsage {
        var account = GPUAccount(
            devices: devices, isGiven: isGiven, isExclusive: isExclusive, arePIDsForeign: isContainer)
        for (index, readings) in samples.enumerated() {
            account.take(readings, pids: [7, 8], seconds: Double(index + 1), isByProgram: byProgram)
        }
        return account.usage
    }

    @Test func thePeakIsTheLargestSumAtOneMoment() {
        let found = usage([
            [reading("a", 900, [7: 100, 99: 800]), reading("b", 50, [:])],
            [reading("a", 900, [7: 60, 8: 30, 99: 800]), reading("b", 50, [8: 50])],
            // Each device's own peak, at different moments, does not add up to a peak.
            [reading("a", 900, [7: 110]), reading("b", 50, [8: 20])],
            [reading("c", 900, [7: 1000])],
        ])
        #expect(found.peakBytes == 140 && found.peakSource == .nvmlProcess)
        #expect(found.samples.filter { $0.gpuID == "a" }.map(\.memoryBytes) == [100, 90, 110])
        #expect(found.samples.filter { $0.gpuID == "b" }.map(\.memoryBytes) == [0, 50, 20])
        #expect(found.samples.count == 6, "of devices that it was not given, none")
    }

    /// Memory of a device goes from 10 to 70; the process that does it is seen or not.
    @Test(
        arguments: [
            // (the process list, exclusive, in a container) → (bytes, source)
            ([7: 60], false, false, 60, .nvmlProcess), ([7: 60], true, true, 60, .nvmlProcess),
            // Its number is the host's: the device stands for it, where it is its own.
            ([4711: 60], true, true, 60, .nvmlDeviceDelta), ([:], true, true, 60, .nvmlDeviceDelta),
            ([4711: 60], false, true, nil, nil),
            // On the host itself a stranger is a stranger.
            ([4711: 60], true, false, 0, .nvmlProcess),
            // The driver lists no processes, or not what they use.
            (nil, true, false, 60, .nvmlDeviceDelta), (nil, false, false, nil, nil),
            ([7: nil], true, false, 60, .nvmlDeviceDelta), ([7: nil], false, false, nil, nil),
        ] as [([Int32: Int64?]?, Bool, Bool, Int64?, GPUPeakSource?)])
    func whoseMemoryItIs(
        _ processes: [Int32: Int64?]?, _ isExclusive: Bool, _ isContainer: Bool, _ bytes: Int64?,
        _ source: GPUPeakSource?
    ) {
        let found = usage(
            [
                [reading("a", 10, processes.map { _ in [:] })], [reading("a", 70, processes)],
                [reading("a", 30, processes)],
            ],
            isExclusive: isExclusive, isContainer: isContainer)
        #expect(found.peakBytes == bytes && found.peakSource == source)
        #expect(found.samples.count == 3)
        if source == nil { #expect(found.samples.allSatisfy { $0.memoryBytes == nil }) }
        if source == .nvmlDeviceDelta { #expect(found.samples.map(\.memoryBytes) == [0, 60, 20]) }
    }

    @Test func whatWasInUseBeforeDoesNotCount() {
        var account = GPUAccount(devices: ["a"], isGiven: true, isExclusive: true, arePIDsForeign: true)
        account.began([reading("a", 10, [:])])
        account.take([reading("a", 70, [:])], pids: [7], seconds: 1, isByProgram: false)
        #expect(account.usage.peakBytes == 60)
    }

    @Test func aStageThatSaidNothingIsAscribedWhatItUses() {
        let found = usage(
            [
                [reading("a", 9, percent: 90, [99: 5]), reading("b", 9, percent: 10, [:])],
                [reading("a", 9, percent: 90, [99: 5]), reading("b", 9, percent: 30, [7: 4])],
                [reading("a", 9, percent: 90, [99: 5]), reading("b", 9, percent: 50, [:])],
            ], isGiven: false)
        #expect(found.peakBytes == 4 && found.peakSource == .nvmlProcess)
        #expect(
            found.samples == [
                GPUSample(gpuID: "b", seconds: 2, memoryBytes: 4, utilization: 0.3),
                GPUSample(gpuID: "b", seconds: 3, memoryBytes: 0, utilization: 0.5),
            ])
        #expect(found.meanUtilization == 0.4)
        let nothing = usage([[reading("a", 9, percent: 90, [99: 5])]], isGiven: false)
        #expect(nothing.peakBytes == nil && nothing.peakSource == nil && nothing.meanUtilization == nil)
        #expect(nothing.samples.isEmpty)
    }

    @Test func theProgramIsNamedAsTheSource() {
        #expect(usage([[reading("a", 10, [7: 10])]], byProgram: true).peakSource == .nvidiaSMI)
    }

    @Test func utilisationIsWeighedByTimeAndAveragedOverDevices() {
        var account = GPUAccount(devices: ["a", "b"], isGiven: true, isExclusive: false, arePIDsForeign: false)
        let first = [reading("a", 1, percent: 100, [:]), reading("b", 1, percent: 50, [:])]
        account.take(first, pids: [], seconds: 1, isByProgram: false)
        let second = [reading("a", 1, percent: 0, [:]), reading("b", 1, percent: nil, [:])]
        account.take(second, pids: [], seconds: 4, isByProgram: false)
        #expect(account.usage.meanUtilization == 0.1875)
        #expect(usage([[reading("a", 1, percent: nil, [:])]]).meanUtilization == nil)
        #expect(usage([]).meanUtilization == nil && usage([]).peakSource == nil)
    }

    @Test(arguments: [(0, 0), (1, 1), (7, 7), (8, 4), (9, 5), (10, 5), (15, 8), (16, 4), (1000, 8), (100_000, 7)])
    func aSeriesHalvesItsResolution(_ count: Int, _ rows: Int) {
        var series = GPUSeries(most: 8)
        for index in 0..<count {
            series.append(
                .init(
                    seconds: Double(index), processBytes: Int64(index), deviceBytes: nil, utilization: Double(index % 2)
                ))
        }
        let all = series.all
        #expect(all.count == rows && all.count <= 8)
        #expect(all.last?.processBytes == (count == 0 ? nil : Int64(count - 1)), "the highest stays")
        #expect(all.map(\.seconds) == all.map(\.seconds).sorted() && Set(all.map(\.seconds)).count == rows)
        if count >= 8 { #expect(all.dropLast().allSatisfy { $0.utilization == 0.5 }) }
        #expect(all.allSatisfy { $0.deviceBytes == nil })
    }
}
