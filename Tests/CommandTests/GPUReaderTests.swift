// GPU figures checked against independent readers: NVIDIA's Python module on the same fake driver, and on a machine
// with a GPU the amounts that a stage allocated.

import Glibc
import TestSupport
import Testing

private let pythonWithNVML = pythonWith("pynvml; pynvml.nvmlInitWithFlags", packages: "nvidia-ml-py==13.615.71")

private let hasGPU =
    system("test -e /dev/nvidiactl && python3 -c 'import ctypes; ctypes.CDLL(\"libcuda.so.1\").cuInit(0) and exit(1)'")
    == 0

private let canUseTorch =
    hasGPU && system("python3 -c 'import torch; exit(not torch.cuda.is_available())' 2> /dev/null") == 0

@Suite struct GPUReaderTests {
    @Test(
        .enabled(if: hasCCompiler, "no cc to build the fake driver library with"),
        .enabled(if: pythonWithNVML != nil, "nvidia-ml-py is not here and pip cannot get it"))
    func anIndependentReaderAgrees() throws {
        let python = try #require(pythonWithNVML)
        let project = try TestProject()
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "echo $$ > fake/a.pid; until test -e ok; do sleep 0.02; done", "resources": {"gpus": 2}}}}"#
        )
        let fake = try FakeNVML(project)
        try fake.say(
            "process \(fake.uuids[0]) @\(project.path("fake/a.pid")) 123456789",
            "process \(fake.uuids[0]) 1 55", "graphics \(fake.uuids[1]) @\(project.path("fake/a.pid")) 1000",
            used: "987654321")
        // Prints a line per device: uuid, name, bus, memory, utilisation, and the memory of the process named.
        try project.write(
            "read.py",
            """
            import sys
            from pynvml import *
            nvmlInit()
            print(nvmlSystemGetDriverVersion())
            for index in range(nvmlDeviceGetCount()):
                handle = nvmlDeviceGetHandleByIndex(index)
                lists = nvmlDeviceGetComputeRunningProcesses(handle) + nvmlDeviceGetGraphicsRunningProcesses(handle)
                own = sum(process.usedGpuMemory for process in lists if process.pid == int(sys.argv[1]))
                print(nvmlDeviceGetUUID(handle), nvmlDeviceGetPciInfo(handle).busId, nvmlDeviceGetMemoryInfo(handle).total,
                      nvmlDeviceGetUtilizationRates(handle).gpu, own, nvmlDeviceGetName(handle))
            """)
        let command = try project.start(["exec"], environment: fake.environment)
        try wait(for: "the stage to begin") { (project.read("fake/a.pid") ?? "").hasSuffix("\n") }
        let variables = fake.environment.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
        try project.shell("\(variables) '\(python)' -W ignore read.py $(cat fake/a.pid) > read")
        try fake.awaitReadings()
        try project.write("ok", "")
        #expect(try command.finish().status == 0)

        let lines = (project.read("read") ?? "").split(separator: "\n").map {
            $0.split(separator: " ", maxSplits: 5).map { String($0) }
        }
        try #require(lines.count == 3 && lines.dropFirst().allSatisfy { $0.count == 6 }, "\(lines)")
        let doctor = try project.runs(["doctor"], environment: fake.environment).output
        #expect(doctor.contains("driver \(lines[0][0])\n"))
        let samples = try project.query(
            "select gpu_id, max(memory_bytes) as bytes, max(utilization) as busy from gpu_samples group by 1 order by 1"
        )
        for (line, sample) in zip(lines.dropFirst(), samples) {
            #expect(sample["gpu_id"] == .text(line[0]))
            #expect(sample["bytes"] == Double(line[4]).map { .number($0) })
            #expect(sample["busy"] == Double(line[3]).map { .number($0 / 100) })
            #expect(doctor.contains("\(line[5]), ") && doctor.contains("\(line[0]) at \(line[1])"), "\(doctor)")
        }
        let total = lines.dropFirst().compactMap { Double($0[4]) }.reduce(0, +)
        #expect(try project.query("select gpu_peak_bytes as bytes from executions") == [["bytes": .number(total)]])
    }

    /// Allocates GiBs using only the driver, reports it, and holds them until the file `ok` exists.
    private let allocate = """
        import ctypes, os, sys, time
        cuda = ctypes.CDLL('libcuda.so.1')
        device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
        def call(name, *arguments):
            status = getattr(cuda, name)(*arguments)
            if status: sys.exit(f'{name}: {status}')
        call('cuInit', 0)
        call('cuDeviceGet', ctypes.byref(device), 0)
        call('cuCtxCreate_v2', ctypes.byref(context), 0, device)
        call('cuMemAlloc_v2', ctypes.byref(memory), ctypes.c_size_t(int(sys.argv[1]) << 30))
        open(sys.argv[2], 'w').close()
        began = time.monotonic()
        while not os.path.exists('ok') or time.monotonic() - began < 3: time.sleep(0.05)
        """

    @Test(.enabled(if: hasGPU, "no GPU here: not tried on a real one"))
    func onARealGPUThePeakIsWhatWasAllocatedAndAContext() throws {
        let project = try TestProject()
        try project.write("allocate.py", allocate)
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {
              "one": {"command": ["python3", "allocate.py", "1", "one"], "outputs": ["one"], "resources": {"gpus": 0.5, "cpus": 0.1}},
              "two": {"command": ["python3", "allocate.py", "2", "two"], "outputs": ["two"], "resources": {"gpus": 0.5, "cpus": 0.1}},
              "alone": {"command": ["python3", "allocate.py", "1", "alone"], "outputs": ["alone"], "resources": {"gpus": 1}}}}
            """#)
        try project.write("ok", "")
        let result = try project.runs(["exec", "alone"], timeout: .seconds(120))
        #expect(result.status == 0, "\(result.story)")
        let context = 1.5 * Double(1 << 30)
        func peaks() throws -> [String: (bytes: Double, source: JSON?)] {
            let rows = try project.query("select stage, gpu_peak_bytes, gpu_peak_source from executions")
            return Dictionary(
                rows.map { ($0["stage"]?.text ?? "", ($0["gpu_peak_bytes"]?.number ?? 0, $0["gpu_peak_source"])) },
                uniquingKeysWith: { $1 })
        }
        let alone = try #require(try peaks()["alone"])
        #expect((Double(1 << 30)..<Double(1 << 30) + context).contains(alone.bytes), "\(alone)")
        // In a container the driver uses other process numbers, so two on one device cannot be distinguished.
        guard alone.source == .text("nvml_process") else { return }
        #expect(try project.runs(["exec", "one", "two"], timeout: .seconds(120)).status == 0)
        let both = try peaks()
        for (stage, size) in [("one", 1), ("two", 2)] {
            let bytes = both[stage]?.bytes ?? 0
            #expect((Double(size << 30)..<Double(size << 30) + context).contains(bytes), "\(stage): \(bytes)")
        }
    }

    @Test(.enabled(if: canUseTorch, "no GPU with PyTorch here: not tried with it"))
    func torchAllocationsArePartOfThePeak() throws {
        let project = try TestProject()
        try project.write(
            "train.py",
            """
            import json, time, torch
            held = torch.empty(1 << 30, dtype=torch.uint8, device='cuda')
            time.sleep(3)
            json.dump({'torch_max_memory_allocated': torch.cuda.max_memory_allocated()}, open('metrics.json', 'w'))
            """)
        try project.write(
            "pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "python3 train.py", "outputs": {"m": {"path": "metrics.json", "metrics": true}}, "resources": {"gpus": 1}}}}"#
        )
        let result = try project.runs(["exec"], timeout: .seconds(300))
        #expect(result.status == 0, "\(result.story)")
        let rows = try project.query(
            "select e.gpu_peak_bytes - m.last as context from executions e join final_metrics m using (execution_id)")
        let context = try #require(rows.first?["context"]?.number)
        #expect((0..<2 * Double(1 << 30)).contains(context))
    }
}
