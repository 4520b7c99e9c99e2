// Parsing of the library's structures and the program's output.

import Testing

@testable import GPU

@Suite struct ReadingTests {
    /// Entries as a driver writes them: PID, bytes, then anything.
    private func buffer(_ entries: [(UInt32, UInt64)], stride: Int, room: Int = 32) -> NVMLProcessBuffer {
        var buffer = NVMLProcessBuffer(room: room)
        for (index, entry) in entries.enumerated() {
            var bytes = [UInt8](repeating: 0xFF, count: stride)
            withUnsafeBytes(of: entry.0) { bytes.replaceSubrange(0..<4, with: $0) }
            withUnsafeBytes(of: entry.1) { bytes.replaceSubrange(8..<16, with: $0) }
            buffer.bytes.replaceSubrange(index * stride..<(index + 1) * stride, with: bytes)
        }
        return buffer
    }

    @Test(arguments: [16, 24, 32], [1, 2, 3, 7, 32]) func entriesOfEachLength(_ stride: Int, _ count: Int) {
        let entries = (0..<count).map { (UInt32(100 + $0), UInt64($0) << 20) }
        let found = buffer(entries, stride: stride).processes(count: count, documentedStride: 24)
        #expect(found == entries.map { GPUProcess(pid: Int32($0.0), bytes: Int64($0.1)) })
    }

    @Test func unknownValuesAreOmitted() {
        let found = buffer([(5, .max), (0, 7)], stride: 24).processes(count: 2, documentedStride: 24)
        #expect(found == [GPUProcess(pid: 5, bytes: nil)])
        #expect(NVMLProcessBuffer(room: 4).processes(count: 0, documentedStride: 24).isEmpty)
        // Entries that were counted but not written.
        #expect(NVMLProcessBuffer(room: 4).processes(count: 9, documentedStride: 24).allSatisfy { $0.bytes != nil })
    }

    @Test func theLinesOfTheProgram() {
        let table = NvidiaSMITable(
            """
            GPU-aa, NVIDIA A100-SXM4-40GB, 00000000:07:00.0, 40960, 1024, 37, 550.54.15
            GPU-bb, Tesla K20m, 00000000:08:00.0, 5120, [N/A], [Not Supported], 550.54.15
            No devices were found
            """)
        #expect(table.driverVersion == "550.54.15")
        #expect(
            table.devices.map(\.device) == [
                GPUDevice(
                    uuid: "GPU-aa", name: "NVIDIA A100-SXM4-40GB", busID: "00000000:07:00.0", memoryBytes: 40960 << 20),
                GPUDevice(uuid: "GPU-bb", name: "Tesla K20m", busID: "00000000:08:00.0", memoryBytes: 5120 << 20),
            ])
        let processes = NvidiaSMITable.processes("GPU-aa, 77, 512\nGPU-aa, 78, [N/A]\nnonsense\n")
        #expect(
            table.readings(of: ["GPU-aa", "GPU-bb"], processes: processes) == [
                GPUReading(
                    uuid: "GPU-aa", usedBytes: 1024 << 20, utilization: 0.37,
                    processes: [GPUProcess(pid: 77, bytes: 512 << 20), GPUProcess(pid: 78, bytes: nil)]),
                GPUReading(uuid: "GPU-bb", usedBytes: nil, utilization: nil, processes: []),
            ])
    }
}
