// The clock by which a file system stamps its files, which decides whether a digest taken just now can be trusted later
// (git's "racy index" problem).

import Glibc
import Model
import Synchronization

/// Tells the time as the project's file system does: by touching a scratch file and reading its stamp.
final class FileSystemClock: Sendable {
    /// Two writes closer together than this may get one stamp.
    static let granularity: Int64 = 20_000_000
    /// The same where stamps are whole seconds (or even ones, as on FAT).
    static let coarseGranularity: Int64 = 2_100_000_000

    private let scratchPath: String
    private let reading = Mutex<Int64>(0)

    init(stateFolder: String) { scratchPath = stateFolder + "/clock" }

    /// Whether a file with that stamp, digested from now on, could still be rewritten without its stamp changing.
    ///
    /// An older reading of the clock errs on the safe side, so the clock is read again only where that may help.
    func isRacy(_ stamp: FileStamp) -> Bool {
        let newest = max(stamp.modifiedNanoseconds, stamp.changedNanoseconds)
        let isCoarse = stamp.modifiedNanoseconds % 1_000_000_000 == 0 && stamp.changedNanoseconds % 1_000_000_000 == 0
        let limit = newest + (isCoarse ? Self.coarseGranularity : Self.granularity)
        return reading.withLock { last in
            if last > limit { return false }
            last = now()
            return last <= limit
        }
    }

    private func now() -> Int64 {
        let descriptor = open(scratchPath, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        if descriptor >= 0 {
            defer { close(descriptor) }
            var status = stat()
            if futimens(descriptor, nil) == 0, fstat(descriptor, &status) == 0 { return nanoseconds(status.st_mtim) }
        }
        // No folder to write to: then nothing is recorded either, and the kernel's own coarse clock is near enough.
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return nanoseconds(time)
    }
}
