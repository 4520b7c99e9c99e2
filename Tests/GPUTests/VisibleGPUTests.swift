// Which devices CUDA would use for a value of CUDA_VISIBLE_DEVICES.

import Testing

@testable import GPU

@Suite struct VisibleGPUTests {
    private func gpu(_ uuid: String, _ bus: String) -> GPUDevice {
        GPUDevice(uuid: uuid, name: "A GPU", busID: bus, memoryBytes: 1 << 30)
    }

    private func part(_ uuid: String, of gpu: String, _ gi: Int) -> GPUDevice {
        GPUDevice(
            uuid: uuid, name: "A part", busID: "00000000:03:00.0", memoryBytes: 1 << 28,
            part: .init(gpu: gpu, gpuInstance: gi, computeInstance: 0))
    }

    private var plain: GPUInventory {
        GPUInventory(
            driverVersion: "550.54",
            gpus: [
                gpu("GPU-aa11", "00000000:01:00.0"), gpu("GPU-aa22", "00000000:02:00.0"),
                gpu("GPU-bb33", "00000000:03:00.0"),
            ])
    }

    private var divided: GPUInventory {
        GPUInventory(
            driverVersion: "550.54", gpus: plain.gpus,
            migDevices: [part("MIG-c1", of: "GPU-bb33", 3), part("MIG-c2", of: "GPU-bb33", 5)])
    }

    @Test(
        arguments: [
            (nil, ["0=GPU-aa11", "1=GPU-aa22", "2=GPU-bb33"]),
            ("", []), ("-1", []), ("NoDevFiles", []), ("none", []), ("void", []),
            ("2,0", ["2=GPU-bb33", "0=GPU-aa11"]), (" 1 , 2 ", ["1=GPU-aa22", "2=GPU-bb33"]),
            // An invalid entry hides itself and all following ones.
            ("0,7,1", ["0=GPU-aa11"]), ("0,-1,1", ["0=GPU-aa11"]), ("0,,1", ["0=GPU-aa11"]), ("x", []),
            ("99999999999999999999", []), ("GPU-bb", ["GPU-bb=GPU-bb33"]),
            ("GPU-aa22,0", ["GPU-aa22=GPU-aa22", "0=GPU-aa11"]),
            // An ambiguous beginning is invalid.
            ("GPU-aa", []), ("gpu-bb33", []), ("MIG-c1", []),
            // A duplicate.
            ("1,GPU-aa22,2", ["1=GPU-aa22", "2=GPU-bb33"]),
        ] as [(String?, [String])])
    func entriesAreReadAsCUDAReadsThem(_ variable: String?, _ expected: [String]) {
        #expect(visibleGPUs(variable, in: plain).map { "\($0.id)=\($0.name)" } == expected)
    }

    @Test(
        arguments: [
            // MIG devices have no numbers, so all are listed by UUID.
            (nil, ["GPU-aa11=GPU-aa11", "GPU-aa22=GPU-aa22", "MIG-c1=MIG-c1", "MIG-c2=MIG-c2"]),
            ("MIG-c2,0", ["MIG-c2=MIG-c2", "0=GPU-aa11"]), ("MIG-GPU-bb33/5/0", ["MIG-GPU-bb33/5/0=MIG-c2"]),
            ("2", ["2=MIG-c1"]), ("GPU-bb33", ["GPU-bb33=MIG-c1"]), ("MIG-c", []), ("MIG-GPU-bb33/9/0", []),
        ] as [(String?, [String])])
    func partsOfADividedGPU(_ variable: String?, _ expected: [String]) {
        #expect(visibleGPUs(variable, in: divided).map { "\($0.id)=\($0.name)" } == expected)
    }

    @Test func withoutADriverEveryEntryCounts() {
        #expect(visibleGPUs("3,GPU-x", in: nil) == [PoolGPU(id: "3"), PoolGPU(id: "GPU-x")])
        #expect(visibleGPUs(nil, in: nil).isEmpty)
    }
}
