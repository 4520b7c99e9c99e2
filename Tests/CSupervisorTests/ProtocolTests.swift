// The encoding of frames.

import Testing

@testable import ProcessHost

@Suite struct ProtocolTests {
    @Test func commandsAreEncoded() {
        let request = SpawnRequest(
            id: 0x0102_0304_0506_0708, arguments: ["a", ""], plainWords: ["b"], environment: ["X=é"],
            workingDirectory: "/w",
            logPath: "/l", appendsToLog: true, token: "t", graceSeconds: 1.5)
        let payload: [UInt8] =
            [1] + [8, 7, 6, 5, 4, 3, 2, 1] + [0xDC, 5, 0, 0] + [1]
            + [2, 0, 0, 0] + Array("/w".utf8) + [2, 0, 0, 0] + Array("/l".utf8)
            + [2, 0, 0, 0] + [1, 0, 0, 0] + Array("a".utf8) + [0, 0, 0, 0]
            + [1, 0, 0, 0] + [1, 0, 0, 0] + Array("b".utf8)
            + [1, 0, 0, 0] + [4, 0, 0, 0] + Array("X=é".utf8)
            + [1, 0, 0, 0] + Array("t".utf8)
        #expect(SupervisorCommand.spawn(request) == [UInt8(payload.count), 0, 0, 0] + payload)
        #expect(
            SupervisorCommand.stop(id: 9, graceSeconds: 0.001)
                == [13, 0, 0, 0, 2, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    }

    @Test(
        arguments: [
            (0.0, 0), (-1, 0), (.nan, 0), (0.0001, 1), (0.5, 500), (10, 10_000), (.infinity, .max), (1e300, .max),
        ] as [(Double, UInt32)])
    func gracePeriodsAreRoundedUp(seconds: Double, milliseconds: UInt32) {
        #expect(SupervisorCommand.milliseconds(seconds) == milliseconds)
    }

    private static let started: [UInt8] =
        [21, 0, 0, 0, 129] + [7, 0, 0, 0, 0, 0, 0, 0] + [0xD2, 4, 0, 0] + [1, 2, 0, 0, 0, 0, 0, 0x80]
    private static let failed: [UInt8] =
        [21, 0, 0, 0, 130] + [8, 0, 0, 0, 0, 0, 0, 0] + [2, 0, 0, 0] + [4, 0, 0, 0] + Array("exec".utf8)
    private static let exited: [UInt8] =
        [65, 0, 0, 0, 131] + [9, 0, 0, 0, 0, 0, 0, 0] + [0, 3, 0, 0]
        + [10, 0, 0, 0, 0, 0, 0, 0] + [20, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0x10, 0, 0, 0, 0, 0]
        + [UInt8](repeating: 255, count: 8) + [5, 0, 0, 0, 0, 0, 0, 0] + [2, 0, 0, 0] + [30, 0, 0, 0, 0, 0, 0, 0]
    private static let events: [SupervisorEvent] = [
        .started(id: 7, pid: 1234, nanoseconds: 0x8000_0000_0000_0201),
        .failed(id: 8, errno: 2, step: "exec"),
        .exited(
            ProcessEnding(
                id: 9, waitStatus: 0x300, userMicroseconds: 10, systemMicroseconds: 20, peakResidentBytes: 1 << 20,
                readBytes: nil, writeBytes: 5, leftovers: 2, nanoseconds: 30)),
    ]

    @Test func eventsAreDecodedInAnyPieces() throws {
        let all = Self.started + Self.failed + Self.exited
        for size in 1...all.count {
            var reader = SupervisorEventReader()
            var events: [SupervisorEvent] = []
            for start in stride(from: 0, to: all.count, by: size) {
                events += try reader.read(all[start..<min(start + size, all.count)])
            }
            #expect(events == Self.events, "in pieces of \(size)")
        }
    }

    @Test(
        arguments: [
            [0, 0, 0, 0],
            [1, 0, 0, 0, 129],
            [9, 0, 0, 0, 77, 0, 0, 0, 0, 0, 0, 0, 0],
            // A string that is longer than the frame.
            [18, 0, 0, 0, 130, 8, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 255, 0, 0, 0, 65],
            // An extra byte.
            [22, 0, 0, 0, 130, 8, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 65, 65, 65, 65, 65],
        ] as [[UInt8]])
    func invalidEventsAreRejected(bytes: [UInt8]) {
        var reader = SupervisorEventReader()
        #expect(throws: SupervisorEventReader.NotAnEvent.self) { try reader.read(bytes) }
    }

    @Test(
        arguments: [
            (0, 0, nil), (0x300, 3, nil), (0xFF00, 255, nil), (9, nil, 9), (15, nil, 15), (0x8B, nil, 11),
            (64, nil, 64),
        ] as [(Int32, Int32?, Int32?)])
    func waitStatusesAreDecoded(status: Int32, code: Int32?, signal: Int32?) {
        let ending = ProcessEnding(
            id: 1, waitStatus: status, userMicroseconds: 0, systemMicroseconds: 0, peakResidentBytes: 0, readBytes: nil,
            writeBytes: nil, leftovers: 0, nanoseconds: 0)
        #expect(ending.exitCode == code)
        #expect(ending.signal == signal)
    }
}
