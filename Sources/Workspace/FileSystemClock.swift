// The clock by which a file system stamps its files, which decides whether a digest taken just now can be trusted later
// (git's "racy index" problem). Knows stamps; does not know digests.

import Glibc
import Model
import Synchronization

/// Tells the time as a file system does, and how far apart two writes must be to get two stamps.
final class FileSystemClock: Sendable {
    /// Two writes closer together than this may get one stamp (the kernel's tick, with room).
    static let granularity: Int64 = 20_000_000
    /// The same where stamps are whole seconds (or even ones, as on FAT).
    static let coarseGranularity: Int64 = 2_100_000_000
    /// Nobody waits longer than this for the clock to move on.
    private static let longestWait: Int64 = 25_000_000

    private struct Device {
        var reading: Int64 = .min
        var hasFineStamps = false
    }

    private let read: @Sendable (_ device: UInt64) -> Int64
    private let devices = Mutex<[UInt64: Device]>([:])

    /// - Parameter read: the time in nanoseconds since 1970, as the file system of that device number stamps files now.
    init(read: @escaping @Sendable (_ device: UInt64) -> Int64) { self.read = read }

    /// The clock that is read by touching the file `clock` in that folder.
    convenience init(scratchFolder: String) {
        let scratch = scratchFolder + "/clock"
        self.init { device in
            let descriptor = open(scratch, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                defer { close(descriptor) }
                if futimens(descriptor, nil) == 0, let stamp = FileStatus.of(descriptor: descriptor)?.stamp,
                    stamp.device == device
                {
                    return stamp.modifiedNanoseconds
                }
            }
            // Nowhere to write on that file system. The kernel stamps local files by this clock.
            var time = timespec()
            clock_gettime(CLOCK_REALTIME_COARSE, &time)
            return nanoseconds(time)
        }
    }

    /// Whether a file with that stamp, read from now on, cannot be changed any more without its stamp changing.
    func isStable(_ stamp: FileStamp) -> Bool { nanosecondsUntilStable(stamp) <= 0 }

    /// The same; waits where the next tick is near enough.
    func waitUntilStable(_ stamp: FileStamp) -> Bool {
        let missing = nanosecondsUntilStable(stamp)
        guard missing > 0 else { return true }
        guard missing <= Self.longestWait else { return false }
        // Readings stand still for up to a tick, hence the four milliseconds more.
        usleep(UInt32(min(missing + 4_000_000, Self.longestWait) / 1000))
        return isStable(stamp)
    }

    /// An older reading of the clock errs on the safe side, so the clock is read again only where that may help.
    private func nanosecondsUntilStable(_ stamp: FileStamp) -> Int64 {
        devices.withLock { devices in
            var device = devices[stamp.device] ?? Device()
            defer { devices[stamp.device] = device }
            if Self.isFine(stamp.modifiedNanoseconds) || Self.isFine(stamp.changedNanoseconds) {
                device.hasFineStamps = true
            }
            let newest = max(stamp.modifiedNanoseconds, stamp.changedNanoseconds)
            let step = device.hasFineStamps ? Self.granularity : Self.coarseGranularity
            let (limit, isBeyondTime) = newest.addingReportingOverflow(step + 1)
            guard !isBeyondTime else { return .max }
            if device.reading < limit { device.reading = read(stamp.device) }
            let (missing, isFar) = limit.subtractingReportingOverflow(device.reading)
            return isFar ? .max : missing
        }
    }

    private static func isFine(_ nanoseconds: Int64) -> Bool { nanoseconds % 1_000_000_000 != 0 }
}
