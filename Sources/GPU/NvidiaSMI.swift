// Reads GPUs by the program `nvidia-smi`, if the library cannot be opened: at most once a second, and never again after
// a timeout. Knows its options and output; does not know which process belongs to which stage.

import Programs
import Synchronization

/// The program on PATH.
final class NvidiaSMI: GPUReader {
    let inventory: GPUInventory
    let isProgram = true
    private let program: String
    private struct State {
        var nextAsk: ContinuousClock.Instant
        /// It failed or timed out once. A retry would cost a process each time.
        var isGivenUp = false
    }
    private let state: Mutex<State>

    static let deviceColumns = "uuid,name,pci.bus_id,memory.total,memory.used,utilization.gpu,driver_version"
    static let processColumns = "gpu_uuid,pid,used_memory"

    /// nil if the program does not exist or reports no GPU.
    init?() {
        guard let program = executable(named: "nvidia-smi"),
            let output = Self.ask(program, "--query-gpu=\(Self.deviceColumns)")
        else { return nil }
        let rows = NvidiaSMITable(output)
        guard !rows.devices.isEmpty else { return nil }
        self.program = program
        inventory = GPUInventory(
            driverVersion: rows.driverVersion, gpus: rows.devices.map(\.device).sorted { $0.busID < $1.busID })
        state = Mutex(State(nextAsk: .now))
    }

    func read(_ uuids: Set<String>) -> [GPUReading] {
        state.withLock { state in
            guard !state.isGivenUp, ContinuousClock.now >= state.nextAsk else { return [] }
            state.nextAsk = .now + .milliseconds(980)
            guard let devices = Self.ask(program, "--query-gpu=\(Self.deviceColumns)") else {
                state.isGivenUp = true
                return []
            }
            let processes = Self.ask(program, "--query-compute-apps=\(Self.processColumns)")
            return NvidiaSMITable(devices).readings(of: uuids, processes: processes.map(NvidiaSMITable.processes))
        }
    }

    private static func ask(_ program: String, _ query: String) -> String? {
        output(ofProgram: [program, query, "--format=csv,noheader,nounits"], withinSeconds: 5)?.text
    }
}

/// The lines of `nvidia-smi --query-gpu=… --format=csv,noheader,nounits`. Memory is in MiB; unknown
/// values are in brackets.
struct NvidiaSMITable {
    struct Row {
        let device: GPUDevice
        let usedBytes: Int64?
        let utilization: Double?
    }

    var devices: [Row] = []
    var driverVersion: String?

    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let cells = Self.cells(of: line)
            guard cells.count == 7, cells[0].hasPrefix("GPU-") else { continue }
            let device = GPUDevice(uuid: cells[0], name: cells[1], busID: cells[2], memoryBytes: Self.bytes(cells[3]))
            devices.append(
                Row(device: device, usedBytes: Self.bytes(cells[4]), utilization: Double(cells[5]).map { $0 / 100 }))
            driverVersion = cells[6]
        }
    }

    /// Processes by the UUID of their device.
    static func processes(_ text: String) -> [String: [GPUProcess]] {
        var found: [String: [GPUProcess]] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let cells = cells(of: line)
            guard cells.count == 3, let pid = Int32(cells[1]) else { continue }
            found[cells[0], default: []].append(GPUProcess(pid: pid, bytes: bytes(cells[2])))
        }
        return found
    }

    func readings(of uuids: Set<String>, processes: [String: [GPUProcess]]?) -> [GPUReading] {
        devices.filter { uuids.contains($0.device.uuid) }.map { row in
            GPUReading(
                uuid: row.device.uuid, usedBytes: row.usedBytes, utilization: row.utilization,
                processes: processes.map { $0[row.device.uuid] ?? [] })
        }
    }

    private static func cells(of line: Substring) -> [String] {
        line.split(separator: ",", omittingEmptySubsequences: false).map { cell in
            String(cell.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
        }
    }

    private static func bytes(_ mebibytes: String) -> Int64? {
        guard let number = Int64(mebibytes), number >= 0, number < 1 << 40 else { return nil }
        return number << 20
    }
}
