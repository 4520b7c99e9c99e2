// GPUs for a test: a libnvidia-ml.so.1 made of Tests/FakeNVML, and the file that it answers from. Knows the lines of
// that file; knows nothing of the program's modules.

import Glibc
import TestSupport

let hasCCompiler = system("command -v cc > /dev/null") == 0

/// A library in the project's folder, and what it says.
final class FakeNVML {
    let project: TestProject
    /// No test, and no real GPU, has the same: locks on GPUs are the whole machine's.
    let uuids: [String]

    /// - Parameter options: for the compiler, as the library's source has them.
    init(_ project: TestProject, gpus: Int = 2, options: String = "") throws {
        self.project = project
        // The last word of the folder's name: six letters and digits that no other folder has.
        let mark = project.folder.split(separator: "-").last ?? ""
        uuids = (0..<gpus).map { "GPU-\($0)\(mark)" }
        let source = "\(packageFolder)/Tests/FakeNVML/fake_nvml.c"
        try project.shell(
            "mkdir fake && cc \(options) -shared -fPIC -o fake/libnvidia-ml.so.1 '\(source)'")
        try say()
    }

    /// What the library says from now on: the devices, and further lines.
    func say(_ lines: String..., used: String = "0") throws {
        let gpus = uuids.enumerated().map { "gpu \($1) 00000000:0\($0 + 1):00.0 \(80 << 30) \(used) 50 Fake GPU \($0)" }
        // Replaced in one step: a reader never sees half of it.
        let head = ["log \(project.path("fake/log"))", "driver 550.1"]
        try project.write("fake/state.new", (head + gpus + lines).joined(separator: "\n") + "\n")
        rename(project.path("fake/state.new"), project.path("fake/state"))
    }

    /// Returns when every device has been read, from beginning to end, since it was called.
    func awaitReadings() throws {
        // Asked for once a device and reading, and at no other time. Of three readings the first may have begun before,
        // or be the one before a stage begins, and the last may not have come to its end.
        let function = "nvmlDeviceGetUtilizationRates"
        let before = calls(function)
        try wait(for: "the devices to be read") { calls(function) >= before + 3 * uuids.count }
    }

    /// How often the function was called.
    func calls(_ function: String) -> Int {
        (project.read("fake/log") ?? "").split(separator: "\n").count { $0 == function }
    }

    deinit {
        for uuid in uuids { for folder in ["/run/lock", "/tmp"] { unlink("\(folder)/runs-gpu-\(uuid).lock") } }
    }

    var environment: [String: String] {
        ["LD_LIBRARY_PATH": project.path("fake"), "FAKE_NVML_STATE": project.path("fake/state")]
    }
}
