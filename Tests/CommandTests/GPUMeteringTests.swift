// GPU usage recorded for stages, with a fake driver library: memory is attributed to the right stage, and driver
// failures do not affect a run.

import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: hasCCompiler, "no cc to build the fake driver library with"))
struct GPUMeteringTests {
    /// Registers itself as a process with memory on the device, and waits until the driver has reported it a few times.
    private func stage(_ name: String, gpus: String?) -> String {
        let resources = gpus.map { #", "gpus": \#($0)"# } ?? ""
        let command = "echo $$ > fake/\(name).pid; until test -e ok; do sleep 0.02; done"
        return #""\#(name)": {"command": "\#(command)", "resources": {"cpus": 0.1\#(resources)}}"#
    }

    private func project(_ stages: String...) throws -> TestProject {
        try TestProject(stages: stages.joined(separator: ", "))
    }

    /// Waits until the stages have started and the driver has been read twice, then lets them end.
    private func run(
        _ project: TestProject, _ fake: FakeNVML, _ stages: [String], isReadable: Bool = true,
        meanwhile: () throws -> Void = {}
    ) throws {
        let command = try project.start(["exec"], environment: fake.environment)
        try wait(for: "the stages to begin") { stages.allSatisfy { project.exists("fake/\($0).pid") } }
        if isReadable { try fake.awaitReadings() }
        try meanwhile()
        try project.write("ok", "")
        let result = try command.finish()
        #expect(result.status == 0, "\(result.story)")
    }

    private func rows(_ project: TestProject) throws -> [[JSON?]] {
        try project.query(
            "select stage, gpu_peak_bytes, gpu_peak_source, gpu_mean_utilization, gpu_ids from executions order by stage"
        ).map { row in
            ["stage", "gpu_peak_bytes", "gpu_peak_source", "gpu_mean_utilization", "gpu_ids"].map { row[$0] }
        }
    }

    @Test func stagesOnOneGPUAreMeteredSeparately() throws {
        let project = try project(
            stage("a", gpus: "0.5"), stage("b", gpus: "0.5"), stage("c", gpus: nil), stage("d", gpus: "0"))
        let fake = try FakeNVML(project)
        func pid(_ stage: String) -> String { project.path("fake/\(stage).pid") }
        try fake.say(
            "process \(fake.uuids[0]) @\(pid("a")) \(3 << 30)", "process \(fake.uuids[0]) @\(pid("b")) \(5 << 30)",
            "process \(fake.uuids[0]) 1 \(7 << 30)", "graphics \(fake.uuids[1]) @\(pid("c")) \(1 << 30)",
            used: "\(15 << 30)")
        try run(project, fake, ["a", "b", "c", "d"])
        let (source, half) = (JSON.text("nvml_process"), JSON.number(0.5))
        #expect(
            try rows(project) == [
                [.text("a"), .number(Double(3 << 30)), source, half, .text(fake.uuids[0])],
                [.text("b"), .number(Double(5 << 30)), source, half, .text(fake.uuids[0])],
                [.text("c"), .number(Double(1 << 30)), source, half, .null],
                [.text("d"), .null, .null, .null, .null],
            ])
        let samples = try project.query(
            """
            select e.stage, s.gpu_id, max(s.memory_bytes) as most, min(s.seconds) >= 0 as ordered, max(s.utilization) as busy
            from gpu_samples s join executions e using (execution_id) group by 1, 2 order by 1
            """)
        #expect(samples.map { $0["stage"] } == [.text("a"), .text("b"), .text("c")])
        #expect(samples.map { $0["gpu_id"] } == [.text(fake.uuids[0]), .text(fake.uuids[0]), .text(fake.uuids[1])])
        #expect(samples.map { $0["most"] } == [3, 5, 1].map { .number(Double($0 << 30)) })
        #expect(samples.allSatisfy { $0["ordered"] == .number(1) && $0["busy"] == half })
    }

    @Test func thePeakIsTheHighestOverTheTreeAndStays() throws {
        let project = try TestProject()
        // A child of the stage holds memory too, first little, then much, then none.
        try project.write(
            "pipeline.json",
            #"""
            {"name": "p", "stages": {"a": {"command":
              "sh -c 'echo $$ > fake/child.pid; until test -e ok; do sleep 0.02; done' & echo $$ > fake/a.pid; wait",
              "resources": {"gpus": 2}}}}
            """#)
        let fake = try FakeNVML(project)
        try project.write("fake/bytes", "1000")
        try fake.say(
            "process \(fake.uuids[0]) @\(project.path("fake/a.pid")) 500",
            "process \(fake.uuids[1]) @\(project.path("fake/child.pid")) @\(project.path("fake/bytes"))")
        try run(project, fake, ["a", "child"]) {
            for bytes in ["7000", "10"] {
                try project.write("fake/bytes", bytes)
                try fake.awaitReadings()
            }
        }
        #expect(try rows(project)[0][1] == .number(7500))
        #expect(try rows(project)[0][4] == .text(fake.uuids.joined(separator: ",")))
    }

    @Test func deviceMemoryIsTheFallbackForProcesses() throws {
        let project = try project(stage("a", gpus: "1"))
        let fake = try FakeNVML(project)
        let silent = ["Compute", "Graphics"].map { "error nvmlDeviceGet\($0)RunningProcesses_v3 3" }.joined(
            separator: "\n")
        try project.write("fake/used", "1000")
        try fake.say(silent, used: "@\(project.path("fake/used"))")
        try run(project, fake, ["a"]) {
            for used in ["51000", "2000"] {
                try project.write("fake/used", used)
                try fake.awaitReadings()
            }
        }
        #expect(try Array(rows(project)[0][1...2]) == [.number(50000), .text("nvml_device_delta")])
        #expect(
            try project.query("select max(memory_bytes) as most from gpu_samples") == [["most": .number(50000)]])
    }

    @Test func partsOfADividedGPUAreDevices() throws {
        let project = try project(stage("a", gpus: "1"))
        let fake = try FakeNVML(project, gpus: 1)
        let part = fake.uuids[0].replacing("GPU", with: "MIG")
        try fake.say("mig \(part) 3 0 \(10 << 30) 5 Part 1g.10gb", "process \(part) @\(project.path("fake/a.pid")) 77")
        try run(project, fake, ["a"])
        #expect(try rows(project)[0] == [.text("a"), .number(77), .text("nvml_process"), .null, .text(part)])
        unlink("/run/lock/runs-gpu-\(part).lock")
    }

    /// Old and broken drivers: figures that they do not report are missing, and the run is not affected.
    @Test(
        arguments: [
            // (options of the library, what it reports, what is recorded)
            ("-DFAKE_NVML_LEVEL=1", "", .number(64)), ("-DFAKE_NVML_LEVEL=0", "", .number(64)),
            ("-DFAKE_NVML_WIDE", "", .number(64)), ("", "swarm 40", .number(64)),
            ("-DFAKE_NVML_LEVEL=0", "swarm 300", .number(64)),
            ("", "error nvmlDeviceGetUtilizationRates 3", .number(64)),
            ("", "error nvmlDeviceGetMemoryInfo 3", .number(64)),
            ("", "error nvmlDeviceGetName 999", .number(64)), ("", "error nvmlSystemGetDriverVersion 999", .number(64)),
            ("", "error nvmlDeviceGetPciInfo_v3 3", .number(64)), ("", "error nvmlDeviceGetMigMode 3", .number(64)),
            ("", "error nvmlInit_v2 9", .null), ("", "error nvmlDeviceGetCount_v2 999", .null),
            ("", "error nvmlDeviceGetHandleByIndex_v2 15", .null), ("", "error nvmlDeviceGetUUID 3", .null),
            ("-DFAKE_NVML_WITHOUT_INIT", "", .null),
        ] as [(String, String, JSON)])
    func whatADriverLacks(_ options: String, _ line: String, _ peak: JSON) throws {
        // Without a GPU, a stage cannot request one.
        let project = try project(stage("a", gpus: nil))
        let fake = try FakeNVML(project, options: options)
        try fake.say(line, "process \(fake.uuids[1]) @\(project.path("fake/a.pid")) 64")
        try run(project, fake, ["a"], isReadable: peak != .null)
        #expect(try rows(project)[0][1] == peak)
    }

    @Test func nvidiaSMIIsTheFallbackForTheLibrary() throws {
        let project = try project(stage("a", gpus: "1"))
        let fake = try FakeNVML(project, options: "-DFAKE_NVML_WITHOUT_INIT")
        try project.write(
            "bin/nvidia-smi",
            """
            #!/bin/sh
            echo "$1" >> asked
            case "$1" in
            --query-gpu=*) echo "\(fake.uuids[0]), Fake GPU, 00000000:01:00.0, 81920, 100, 25, 550.1" ;;
            *) test -e fake/a.pid && echo "\(fake.uuids[0]), $(cat fake/a.pid), 3" ;;
            esac
            """, executable: true)
        let environment = fake.environment.merging([
            "PATH": "\(project.path("bin")):\(environmentVariable("PATH") ?? "")"
        ]) { $1 }
        let command = try project.start(["exec"], environment: environment)
        // At the third request, the second answer, from while the stage ran, has been processed.
        try wait(for: "the program to be asked") {
            (project.read("asked") ?? "").split(separator: "\n").count { $0.contains("compute-apps") } > 2
        }
        try project.write("ok", "")
        #expect(try command.finish().status == 0)
        #expect(
            try rows(project)[0]
                == [.text("a"), .number(Double(3 << 20)), .text("nvidia_smi"), .number(0.25), .text(fake.uuids[0])])
    }

    @Test(arguments: ["nvmlInit_v2", "nvmlDeviceGetCount_v2", "nvmlDeviceGetComputeRunningProcesses_v3"])
    func aHangingLibraryDoesNotBlock(_ function: String) throws {
        let project = try project(stage("a", gpus: nil))
        let fake = try FakeNVML(project)
        try fake.say("hang \(function)")
        let command = try project.start(["exec"], environment: fake.environment)
        try wait(for: "the driver to hang") { fake.calls(function) > 0 }
        try project.write("ok", "")
        let result = try command.finish()
        #expect(result.status == 0, "\(result.story)")
        #expect(try rows(project)[0][1] == .null)
    }

    @Test func aHangingProgramDoesNotBlock() throws {
        let project = try project(#""a": {"command": "until test -e asked; do sleep 0.02; done; echo done > out"}"#)
        let fake = try FakeNVML(project, options: "-DFAKE_NVML_WITHOUT_INIT")
        try project.write("bin/nvidia-smi", "#!/bin/sh\ntouch asked\nexec sleep 20\n", executable: true)
        let environment = fake.environment.merging([
            "PATH": "\(project.path("bin")):\(environmentVariable("PATH") ?? "")"
        ]) { $1 }
        let result = try project.runs(["exec"], environment: environment)
        #expect(result.status == 0 && project.read("out") == "done\n", "\(result.story)")
    }

    @Test func thePeakIsInTheBenchmarkLine() throws {
        let project = try project(stage("a", gpus: "1"))
        let fake = try FakeNVML(project)
        try fake.say("process \(fake.uuids[0]) @\(project.path("fake/a.pid")) 1200000000")
        let command = try project.start(["exec", "--benchmark"], environment: fake.environment)
        try wait(for: "the stage to begin") { project.exists("fake/a.pid") }
        try fake.awaitReadings()
        try project.write("ok", "")
        let result = try command.finish()
        #expect(result.errorOutput.contains("GPU peak: 1.20 GB\n"), "\(result.story)")
    }
}
