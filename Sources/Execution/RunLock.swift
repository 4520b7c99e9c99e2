// Whether the program that runs a run still lives, by a lock that the kernel lets go of when it ends, however it ends.

import Glibc
import Model

/// The lock on `.runs/live/RUN`, held while the run lives.
final class RunLock: Sendable {
    private let descriptor: Int32
    private let path: String

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    static func acquire(root: String, run: RunID) throws(Failure) -> RunLock {
        let path = "\(root)/\(RunFiles.liveLock(of: run))"
        mkdir("\(root)/\(RunFiles.folder)/live", 0o777)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw Failure(.store, "cannot lock \(path): \(reason). Check that the folder is writable and not full.")
        }
        return RunLock(descriptor: descriptor, path: path)
    }

    /// Whether nobody holds the lock of that run.
    static func isFree(root: String, run: RunID) -> Bool {
        let descriptor = open("\(root)/\(RunFiles.liveLock(of: run))", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return errno == ENOENT }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    static func removeFile(root: String, run: RunID) { unlink("\(root)/\(RunFiles.liveLock(of: run))") }

    deinit {
        unlink(path)
        close(descriptor)
    }
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

func text(of characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
