// GPUs are shared with other runs on this host, of all users, by locks: a file for each device, of which a run locks as
// many of the first 1000 bytes as it uses thousandths. The files are empty and stay. The supervisor has them open too,
// so that the kernel releases the locks when the last process of a run has ended. Knows devices by name; does not know
// which run holds what.

import CLinux
import EngineAPI
import Glibc
import Model

/// Shares of GPUs that one execution holds; released with the last reference.
final class GPULock: DeviceHold {
    private let pieces: [(file: GPULockFile, range: Range<Int>)]
    fileprivate init(_ pieces: [(file: GPULockFile, range: Range<Int>)]) { self.pieces = pieces }
    deinit { for piece in pieces { piece.file.giveBack(piece.range) } }
}

/// The locks on the GPUs of a pool.
final class GPULocks: SharedDevices {
    /// By GPU of the pool; nil for one without a driver or device file, which is only a number.
    private let files: [GPULockFile?]
    private let filesByGPU: [Device: GPULockFile]

    init(_ gpus: [Device], folder: String = GPULocks.sharedFolder) {
        files = gpus.map { gpu in Self.fileName(of: gpu).map { GPULockFile("\(folder)/\($0)") } }
        var filesByGPU: [Device: GPULockFile] = [:]
        for (gpu, file) in zip(gpus, files) { filesByGPU[gpu] = file }
        self.filesByGPU = filesByGPU
    }

    /// To be kept open by the supervisor until the stages have ended.
    var descriptors: [Int32] { files.compactMap { $0?.descriptor } }

    /// How much of each GPU of the pool is taken, by this run and by others.
    func taken() -> [Quantity] {
        files.map { file in
            guard let file, file.descriptor != nil else { return .zero }
            return Quantity(thousandths: 1000 - file.gaps().reduce(0) { $0 + $1.count })
        }
    }

    /// Takes that share of each of the GPUs, or nothing.
    func take(_ gpus: [Device], share: Quantity) -> DeviceClaim {
        var pieces: [(file: GPULockFile, range: Range<Int>)] = []
        for file in gpus.compactMap({ filesByGPU[$0] }) {
            do throws(Failure) {
                guard let ranges = try file.take(share.thousandths) else {
                    // What the lock has got so far goes with it.
                    _ = GPULock(pieces)
                    return .heldElsewhere
                }
                pieces += ranges.map { (file, $0) }
            } catch {
                _ = GPULock(pieces)
                return .unavailable(error.message)
            }
        }
        return .taken(GPULock(pieces))
    }

    /// A folder in which every user may make files and none may remove another's.
    static let sharedFolder =
        ["/run/lock", "/tmp"].first { path in
            var status = stat()
            return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_mode & 0o1007 == 0o1007
        } ?? "/tmp"

    private static func fileName(of gpu: Device) -> String? {
        let isNumber = gpu.id.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        if gpu.uuid == nil, !isNumber || access("/dev/nvidia\(gpu.id)", F_OK) != 0 { return nil }
        let safe = (gpu.uuid ?? "nvidia\(gpu.id)").map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" }
        return "runs-gpu-\(String(safe)).lock"
    }
}
