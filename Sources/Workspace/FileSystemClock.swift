// The clock that a file system uses for timestamps: it determines whether a new digest can be trusted later (git's
// "racy index" problem). Knows stamps; does not know digests.

import Glibc
import Model
import Programs
import Synchronization

/// Reads the time of a file system and knows how far apart two writes must be to get different stamps.
final class FileSystemClock: Sendable {
    /// Two writes within this time may get the same stamp (the kernel's tick, with a margin).
    static let granularity: Int64 = 20_000_000
    /// The same for stamps in whole seconds (even seconds on FAT).
    static let coarseGranularity: Int64 = 2_100_000_000
    /// The longest wait for the clock to advance. It may lag behind a fine stamp by a tick.
    private static let longestWait: Int64 = 50_000_000

    private struct Device {
        var reading: Int64 = .min
        var hasFineStamps = false
    }

    private let read: @Sendable (_ device: UInt64) -> Int64
    private let devices = Mutex<[UInt64: Device]>([:])

    /// - Parameter read: returns the current time of the file system with this device number, in nanoseconds since
    ///   1970.
    init(read: @escaping @Sendable (_ device: UInt64) -> Int64) { self.read = read }

    /// A clock that touches the file `clock` in the folder to read the time.
    convenience init(scratchFolder: String) {
        let scratch = scratchFolder + "/clock"
        self.init { device in
            if let descriptor = try? StateFile.open(scratch, O_WRONLY | O_CREAT) {
                defer { close(descriptor) }
                if futimens(descriptor, nil) == 0, let stamp = FileStatus.of(descriptor: descriptor)?.stamp,
                    stamp.device == device
                {
                    return stamp.modifiedNanoseconds
                }
            }
            // Cannot write to that file system. For local files the kernel uses this clock.
            var time = timespec()
            clock_gettime(CLOCK_REALTIME_COARSE, &time)
            return nanoseconds(time)
        }
    }

    /// Whether any later change of a file with this stamp will change its stamp.
    func isStable(_ stamp: FileStamp) -> Bool { nanosecondsUntilStable(stamp) <= 0 }

    /// The same, but waits if the next tick is near.
    func waitUntilStable(_ stamp: FileStamp) -> Bool {
        let missing = nanosecondsUntilStable(stamp)
        guard missing > 0 else { return true }
        guard missing <= Self.longestWait else { return false }
        // The time may lag by up to one tick, hence the extra time.
        usleep(UInt32(min(missing + 10_000_000, Self.longestWait) / 1000))
        return isStable(stamp)
    }

    /// An older time is the safe choice, so the clock is read again only if that may help.
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
