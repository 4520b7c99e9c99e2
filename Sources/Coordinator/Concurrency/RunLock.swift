// Whether the program of a run is still alive: by a lock that the kernel releases when the program ends, however it
// ends, and by a heartbeat for those who cannot see the lock.

import Glibc
import Model
import Programs
import Synchronization
import Workspace

/// The file `.runs/live/RUN`, locked while the run is alive; the run writes its claims on paths into it, and touches it
/// now and then.
final class RunLock: Sendable {
    /// A run on another host whose file is much older than this, by that file system's own clock, has no program any
    /// more. File systems that are shared among hosts do not all share locks.
    static let heartbeatSeconds = 10.0

    private let descriptor: Int32
    private let path: String

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    static func acquire(root: String, run: RunID) throws(Failure) -> RunLock {
        let path = "\(root)/\(RunFiles.liveLock(of: run))"
        mkdir("\(root)/\(RunFiles.folder)/live", StateFile.folderPermissions)
        let descriptor: Int32
        do {
            // A copied or restored folder may hold a file of this number that belongs to another run.
            descriptor = try StateFile.open(path, O_RDWR | O_CREAT | O_TRUNC)
        } catch {
            throw Failure(
                .store, "cannot lock \(path): \(error.reason). Check that the folder is writable and not full.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let (number, reason) = (errno, String(cString: strerror(errno)))
            close(descriptor)
            guard number != EWOULDBLOCK else {
                throw Failure(
                    .store,
                    "a run of another store holds \(path). A project's folder serves one store at a time: wait for that "
                        + "run, or use the same store.")
            }
            throw Failure(.store, "cannot lock \(path): \(reason). Check that the folder is writable and not full.")
        }
        return RunLock(descriptor: descriptor, path: path)
    }

    /// Whether the lock of that run is free.
    static func isFree(root: String, run: RunID) -> Bool {
        do { return try !LiveFile(root: root, run: run).isLocked } catch { return error.isMissing }
    }

    static func removeFile(root: String, run: RunID) { unlink("\(root)/\(RunFiles.liveLock(of: run))") }

    /// Sets the time of the file to now.
    func beat() { futimens(descriptor, nil) }

    /// Adds to the claims that others read.
    ///
    /// - Throws: where not all could be written: the disk is full.
    func publish(_ bytes: [UInt8]) throws(Failure) {
        guard !writeAll(bytes, to: descriptor) else { return }
        let reason = String(cString: strerror(errno))
        throw Failure(.store, "cannot write \(path): \(reason). Make room there and run the same command again.")
    }

    deinit {
        unlink(path)
        close(descriptor)
    }
}

/// The same file, as another run sees it.
final class LiveFile: Sendable {
    struct Unopened: Error {
        let isMissing: Bool
    }

    private let descriptor: Int32
    private let offset = Mutex(0)

    init(root: String, run: RunID) throws(Unopened) {
        do {
            descriptor = try StateFile.open("\(root)/\(RunFiles.liveLock(of: run))", O_RDONLY)
        } catch {
            // Something else in the place of the file is not locked by the run either.
            throw Unopened(isMissing: error.isMissing || error.isOtherKind)
        }
    }

    /// Whether the run holds its lock. Tested with a shared lock, so that two that test it do not take each other for
    /// it.
    var isLocked: Bool {
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return true }
        flock(descriptor, LOCK_UN)
        return false
    }

    /// What was written since the last time.
    func readOn() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        offset.withLock { offset in
            while true {
                let count = pread(descriptor, &chunk, chunk.count, off_t(offset))
                guard count > 0 else { return }
                bytes.append(contentsOf: chunk[..<count])
                offset += count
            }
        }
        return bytes
    }

    deinit { close(descriptor) }
}

extension Liveness {
    /// This process.
    public static func ofThisProcess(root: String) -> Liveness {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        var namespace = [CChar](repeating: 0, count: 128)
        _ = readlink("/proc/self/ns/pid", &namespace, namespace.count - 1)
        var folder = stat()
        let isThere = stat("\(root)/\(RunFiles.folder)", &folder) == 0
        return Liveness(
            host: text(of: name),
            bootID: (readText("/proc/sys/kernel/random/boot_id") ?? "").filter { !$0.isWhitespace },
            pidNamespace: text(of: namespace), pid: getpid(),
            folderID: isThere ? "\(folder.st_dev):\(folder.st_ino)" : "")
    }
}
