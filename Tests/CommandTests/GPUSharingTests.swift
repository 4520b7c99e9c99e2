// GPUs detected, assigned to stages and shared with other runs, with a fake driver library.

import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: hasCCompiler, "no cc to build the fake driver library with"))
struct GPUSharingTests {
    private func project(_ stages: String) throws -> TestProject { try TestProject(stages: stages) }

    @Test func doctorListsGPUs() throws {
        let project = try project(#""a": {"command": "true"}"#)
        let fake = try FakeNVML(project)
        try project.runs("exec")
        let output = try project.runs(["doctor"], environment: fake.environment).output
        #expect(output.contains("gpus: 2, driver 550.1\n"), "\(output)")
        #expect(output.contains("  1: Fake GPU 1, 85.9 GB, \(fake.uuids[1]) at 00000000:02:00.0\n"), "\(output)")
    }

    @Test(
        arguments: [
            // The caller's variable, the request of the stage, the devices it gets.
            (nil, "2", "0,1 PCI_BUS_ID"), ("1", "1", "1 PCI_BUS_ID"), ("1,0", "1", "1 PCI_BUS_ID"),
            ("UUID1,UUID0", "2", "UUID1,UUID0 PCI_BUS_ID"), ("PART1", "0.5", "PART1 PCI_BUS_ID"),
            ("1,0", "0", " PCI_BUS_ID"), ("1,0", nil, "1,0 none"), (nil, nil, "none none"),
        ] as [(String?, String?, String)])
    func theCallersDeviceNamesAreKept(_ visible: String?, _ asked: String?, _ expected: String) throws {
        let resources = asked.map { #", "resources": {"gpus": \#($0)}"# } ?? ""
        let project = try project(
            #""a": {"command": "echo ${CUDA_VISIBLE_DEVICES-none} ${CUDA_DEVICE_ORDER-none} > seen"\#(resources)}"#)
        let fake = try FakeNVML(project)
        func filled(_ text: String) -> String {
            text.replacing("UUID0", with: fake.uuids[0]).replacing("UUID1", with: fake.uuids[1])
                .replacing("PART1", with: fake.uuids[1].prefix(8))
        }
        var environment = fake.environment
        if let visible { environment["CUDA_VISIBLE_DEVICES"] = filled(visible) }
        let result = try project.runs(["exec"], environment: environment)
        #expect(result.status == 0, "\(result.story)")
        #expect(
            project.read("seen") == (expected.hasPrefix(" ") ? String(expected.dropFirst()) : filled(expected)) + "\n")
        // Recorded under the names that are the same everywhere.
        let recorded = try project.query("select gpu_ids from executions")[0]["gpu_ids"]
        let ids = expected.split(separator: " ")[0].split(separator: ",").map { id in
            id == "0" || id == "UUID0" ? fake.uuids[0] : fake.uuids[1]
        }
        let isGiven = asked != nil && asked != "0"
        #expect(recorded == (isGiven ? .text(ids.joined(separator: ",")) : .null))
    }

    @Test func moreGPUsThanAvailableAreRejected() throws {
        let project = try project(#""a": {"command": "true", "resources": {"gpus": 2}}"#)
        let fake = try FakeNVML(project)
        let result = try project.runs(
            ["exec"], environment: fake.environment.merging(["CUDA_VISIBLE_DEVICES": fake.uuids[0]]) { $1 })
        #expect(
            result.status == 2 && result.errorOutput.contains("requests 2 gpus, more than the total of 1"),
            "\(result.story)")
    }

    @Test func stagesGetDifferentGPUs() throws {
        let stage =
            #"{"command": "echo $CUDA_VISIBLE_DEVICES > NAME; until test -e a -a -e b; do sleep 0.01; done", "resources": {"gpus": 1, "cpus": 0.1}}"#
        let project = try project(
            #""a": \#(stage.replacing("NAME", with: "a")), "b": \#(stage.replacing("NAME", with: "b"))"#)
        let fake = try FakeNVML(project)
        let result = try project.runs(["exec"], environment: fake.environment)
        #expect(result.status == 0, "\(result.story)")
        #expect([project.read("a"), project.read("b")].compactMap { $0 }.sorted() == ["0\n", "1\n"])
    }

    /// Two projects, one machine: the second run gets the GPU when the first one ends, whatever its status.
    @Test(arguments: [false, true]) func twoRunsDoNotShareAGPU(_ isKilled: Bool) throws {
        let project = try TestProject()
        let pipeline =
            #"{"name": "p", "stages": {"a": {"command": "touch began; until test -e ok; do sleep 0.01; done", "resources": {"gpus": GPUS}}}}"#
        try project.write("one/pipeline.json", pipeline.replacing("GPUS", with: "0.6"))
        try project.write("two/pipeline.json", pipeline.replacing("GPUS", with: "0.5"))
        let fake = try FakeNVML(project, gpus: 1)
        let first = try project.start(["exec", "--grace", "100ms"], environment: fake.environment, in: "one")
        try wait(for: "the first stage to begin") { project.exists("one/began") }
        try project.write("two/ok", "")
        let second = try project.start(["exec"], environment: fake.environment, in: "two")
        let line = "a: waiting: another run on this machine holds \(fake.uuids[0])"
        try second.read(until: { $0.errorOutput.contains(line) }, "it waited")
        #expect(!project.exists("two/began"))
        if isKilled { first.send(SIGKILL) } else { try project.write("one/ok", "") }
        let result = try second.finish()
        #expect(result.status == 0, "\(result.story)")
        #expect(result.errorOutput.split(separator: "\n").count { $0.contains("waiting") } == 1, "\(result.story)")
        _ = try first.finish()
    }

    /// The supervisor takes a while to end the processes of a killed run, which use the GPU until then.
    @Test func aKilledRunHoldsItsGPUUntilItsProcessesHaveEnded() throws {
        let project = try TestProject()
        try project.write(
            "one/pipeline.json",
            #"""
            {"name": "p", "stages": {"a": {"command": "trap '' TERM; echo $$ > pid; while true; do sleep 0.05; done",
              "resources": {"gpus": 1}}}}
            """#)
        try project.write(
            "two/pipeline.json",
            #"{"name": "p", "stages": {"a": {"command": "kill -0 $(cat ../one/pid) 2> /dev/null && echo alive > seen || echo gone > seen", "resources": {"gpus": 1}}}}"#
        )
        let fake = try FakeNVML(project, gpus: 1)
        let first = try project.start(["exec", "--grace", "2s"], environment: fake.environment, in: "one")
        try wait(for: "the first stage to begin") { (project.read("one/pid") ?? "").hasSuffix("\n") }
        let second = try project.start(["exec"], environment: fake.environment, in: "two")
        try second.read(until: { $0.errorOutput.contains("a: waiting") }, "it waited")
        first.send(SIGKILL)
        let result = try second.finish()
        #expect(result.status == 0, "\(result.story)")
        #expect(project.read("two/seen") == "gone\n")
        _ = try first.finish()
    }

    @Test func aWaitingRunCanBeInterrupted() throws {
        let project = try TestProject()
        let pipeline =
            #"{"name": "p", "stages": {"a": {"command": "touch began; until test -e ok; do sleep 0.01; done", "resources": {"gpus": 1}}}}"#
        try project.write("one/pipeline.json", pipeline)
        try project.write("two/pipeline.json", pipeline)
        let fake = try FakeNVML(project, gpus: 1)
        let first = try project.start(["exec"], environment: fake.environment, in: "one")
        try wait(for: "the first stage to begin") { project.exists("one/began") }
        let second = try project.start(["exec", "--output", "jsonl"], environment: fake.environment, in: "two")
        try second.read(until: { $0.output.contains(#""for_run_id":null"#) }, "it waited")
        second.send(SIGINT)
        #expect(try second.finish().status == 130)
        try project.write("one/ok", "")
        #expect(try first.finish().status == 0)
    }
}
