// The measured usage of a process and its descendants.

import Glibc
import TestSupport
import Testing

@testable import ProcessHost

@Suite(.sanitizedToo) struct UsageTests {
    /// The supervisor's own memory is the minimum that can be reported. Sanitizers need much memory.
    private var minimumReportable: UInt64 { TestedSupervisor.program == nil ? 2 << 20 : 256 << 20 }

    @Test func aSmallProgramReportsLittleMemory() throws {
        let stage = try Stage()
        let ending = try stage.ending(of: stage.spawn(["true"]))
        #expect(ending.peakResidentBytes > 0)
        #expect(ending.peakResidentBytes < minimumReportable)
    }

    /// Its memory, the minimum that can be reported, is larger.
    @Test func theWholeProgramCanBeTheSupervisor() throws {
        let stage = try Stage(executable: try RunsBinary.path())
        let ending = try stage.ending(of: stage.spawn(["true"]))
        #expect(ending.exitCode == 0)
        #expect(ending.peakResidentBytes < 16 << 20)
        #expect(try stage.failure(of: stage.spawn(["no-such-program"])) == (ENOENT, "exec"))
    }

    @Test func aLargeCommandIsNotPartOfLaterMeasurements() throws {
        let stage = try Stage()
        // More than a process accepts, so that only the supervisor holds it.
        let id = stage.spawn(["true", String(repeating: "x", count: 40_000_000)])
        #expect(try stage.failure(of: id).errno == E2BIG)
        #expect(try stage.ending(of: stage.spawn(["true"])).peakResidentBytes < minimumReportable)
    }

    @Test func memoryOfTheTreeIsReported() throws {
        let stage = try Stage()
        let allocate = "x = bytearray(200 << 20); x[::4096] = b'1' * len(x[::4096])"
        let ending = try stage.ending(of: stage.spawn(["sh", "-c", "python3 -c \"$0\"; true", allocate]))
        #expect(ending.exitCode == 0)
        #expect(ending.peakResidentBytes >= 200 << 20)
        #expect(ending.peakResidentBytes < 400 << 20)
    }

    @Test func memoryAndTimeOfOrphansAreReported() throws {
        let stage = try Stage()
        let work = "x = b'1' * (100 << 20); sum(range(3000000)); open('done', 'w').write('1\\n')"
        let id = stage.spawn(["sh", "-c", "(python3 -c \"$0\" &); while [ ! -s done ]; do sleep 0.01; done", work])
        let ending = try stage.ending(of: id)
        #expect(ending.exitCode == 0)
        #expect(ending.peakResidentBytes >= 100 << 20)
        #expect(ending.userMicroseconds > 10_000)
    }

    @Test func bytesWrittenAreReported() throws {
        let stage = try Stage()
        let id = stage.spawn(["sh", "-c", "dd if=/dev/zero of=data bs=1048576 count=5 conv=fsync 2> /dev/null"])
        let ending = try stage.ending(of: id)
        #expect(ending.exitCode == 0)
        let written = try #require(ending.writeBytes)
        #expect(written >= 5 << 20)
        #expect(ending.readBytes != nil)
    }

    @Test func timesAreOrdered() throws {
        let stage = try Stage()
        let id = stage.spawn(["sleep", "0.05"])
        let ending = try stage.ending(of: id)
        let started = stage.allEvents.compactMap { if case .started(id, _, let at) = $0 { at } else { nil } }
        #expect(started.count == 1)
        #expect(ending.nanoseconds - (started.first ?? .max) >= 50_000_000)
    }

    /// Prints the rate, but does not check it.
    @Test func thousandsOfShortProcessesLeaveNoZombie() throws {
        let stage = try Stage()
        _ = try stage.ending(of: stage.spawn(["sh", "-c", "echo $PPID > parent"]))
        let parent = try stage.lines(of: "parent")[0]
        let (total, concurrency) = (2000, 8)
        let clock = ContinuousClock()
        var peak: UInt64 = 0
        let duration = try clock.measure {
            var ids: [UInt64] = []
            for index in 0..<total {
                if index >= concurrency {
                    peak = max(peak, try stage.ending(of: ids[index - concurrency]).peakResidentBytes)
                }
                ids.append(stage.spawn(["true"], log: stage.path("log\(index % concurrency)")))
            }
            for id in ids.suffix(concurrency) { #expect(try stage.ending(of: id).exitCode == 0) }
        }
        print("2,000 `true` at concurrency 8: \(duration), peak resident \(peak >> 10) KiB")
        let id = stage.spawn(["ps", "-o", "stat=", "--ppid", parent])
        #expect(try stage.ending(of: id).exitCode == 0)
        // Only ps itself is a child.
        #expect(try stage.lines(of: "log").count == 1)
    }
}
