// GPUs are shared with other runs on this host, of this and other users, by locks: a file for each device, of which a
// run locks as many of the first 1000 bytes as it uses thousandths. The kernel lets go of them when the program ends,
// however it ends, and the files stay empty. Knows devices by name; does not know who holds what.

import CLinux
import GPU
import Glibc
import Model

/// Shares of GPUs that one execution holds; given back when nobody holds this any more.
final class GPULock {
    fileprivate let descriptors: [Int32]
    fileprivate init(_ descriptors: [Int32]) { self.descriptors = descriptors }
    deinit { for descriptor in descriptors { close(descriptor) } }
}

/// The locks on the GPUs of a pool.
struct GPULocks {
    enum Outcome {
        case taken(GPULock)
        case heldElsewhere
        /// Nothing can be locked, and why.
        case unavailable(String)
    }

    /// By pool GPU; nil for one that nobody told of: a mere number in the plans of this run.
    private let paths: [String?]
    private let pathsByGPU: [PoolGPU: String]

    init(_ gpus: [PoolGPU], folder: String = GPULocks.sharedFolder) {
        paths = gpus.map { gpu in Self.fileName(of: gpu).map { "\(folder)/\($0)" } }
        var pathsByGPU: [PoolGPU: String] = [:]
        for (gpu, path) in zip(gpus, paths) { pathsByGPU[gpu] = path }
        self.pathsByGPU = pathsByGPU
    }

    /// What is taken of each GPU of the pool, by whomever.
    func taken() -> [Quantity] {
        paths.map { path in
            guard let path, let descriptor = try? openFile(path) else { return .zero }
            defer { close(descriptor) }
            return Quantity(thousandths: 1000 - Self.gaps(of: descriptor).reduce(0) { $0 + $1.count })
        }
    }

    /// Takes that share of each of the GPUs, or nothing.
    func take(_ gpus: [PoolGPU], share: Quantity) -> Outcome {
        var descriptors: [Int32] = []
        for gpu in gpus {
            guard let path = pathsByGPU[gpu] else { continue }
            do throws(Failure) {
                let descriptor = try openFile(path)
                descriptors.append(descriptor)
                // One that was removed meanwhile is not what others see.
                guard try Self.lock(descriptor, share.thousandths, path), Self.isStillThere(path, descriptor) else {
                    for descriptor in descriptors { close(descriptor) }
                    return .heldElsewhere
                }
            } catch {
                for descriptor in descriptors { close(descriptor) }
                return .unavailable(error.message)
            }
        }
        return .taken(GPULock(descriptors))
    }

    // MARK: - Ranges

    /// Whether so many bytes could be locked.
    private static func lock(_ descriptor: Int32, _ thousandths: Int, _ path: String) throws(Failure) -> Bool {
        guard let pieces = pieces(of: gaps(of: descriptor), holding: thousandths) else { return false }
        for piece in pieces where clinux_lock_range(descriptor, piece.lowerBound, piece.count) != 0 {
            guard errno == EAGAIN || errno == EACCES else { throw failure("cannot be locked", path) }
            return false
        }
        return true
    }

    /// The first bytes of the gaps, as many as asked for; nil where there are fewer.
    static func pieces(of gaps: [Range<Int>], holding count: Int) -> [Range<Int>]? {
        var left = count
        var pieces: [Range<Int>] = []
        for gap in gaps where left > 0 {
            pieces.append(gap.prefix(left))
            left -= gap.prefix(left).count
        }
        return left == 0 ? pieces : nil
    }

    /// The bytes of the first thousand that no other opening of the file has locked.
    private static func gaps(of descriptor: Int32) -> [Range<Int>] {
        var gaps: [Range<Int>] = []
        var pending = [0..<1000]
        while let range = pending.popLast() {
            var (start, length) = (range.lowerBound, range.count)
            guard clinux_locked_range(descriptor, &start, &length) == 1 else {
                gaps.append(range)
                continue
            }
            // Not always the first lock in the range: both sides of it are looked at.
            let end = length == 0 ? range.upperBound : min(range.upperBound, start + length)
            if end < range.upperBound { pending.append(end..<range.upperBound) }
            if start > range.lowerBound { pending.append(range.lowerBound..<start) }
        }
        return gaps
    }

    // MARK: - Files

    /// A folder in which every user may make files and none may remove another's.
    static let sharedFolder = ["/run/lock", "/tmp"].first { path in
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_mode & 0o1007 == 0o1007
    } ?? "/tmp"

    private static func fileName(of gpu: PoolGPU) -> String? {
        let isDriversFile = gpu.id.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        if gpu.device == nil, !isDriversFile || access("/dev/nvidia\(gpu.id)", F_OK) != 0 { return nil }
        let safe = (gpu.device?.uuid ?? "nvidia\(gpu.id)").map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" }
        return "runs-gpu-\(String(safe)).lock"
    }

    /// Opens it for locking, and makes it where it is not there, for all users.
    private func openFile(_ path: String) throws(Failure) -> Int32 {
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        for _ in 0..<8 {
            // Without O_CREAT, which the kernel refuses for another user's file in a folder like this.
            var descriptor = open(path, flags)
            if descriptor < 0, errno == ENOENT {
                descriptor = open(path, flags | O_CREAT | O_EXCL, 0o666)
                if descriptor >= 0 { fchmod(descriptor, 0o666) }
            }
            if descriptor >= 0 { return descriptor }
            guard errno == EEXIST || errno == ENOENT else { break }
        }
        throw Self.failure("cannot be opened", path)
    }

    private static func isStillThere(_ path: String, _ descriptor: Int32) -> Bool {
        var (named, opened) = (stat(), stat())
        return lstat(path, &named) == 0 && fstat(descriptor, &opened) == 0
            && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino
    }

    private static func failure(_ problem: String, _ path: String) -> Failure {
        Failure(.store, "\(path), the lock that says who uses a GPU, \(problem): \(String(cString: strerror(errno))).")
    }
}
