// The frames that this program and the supervisor exchange (the other end: CSupervisor/frames.h). Knows bytes; opens no
// socket.

import Model

/// A process to create.
public struct SpawnRequest: Hashable, Sendable {
    /// Chosen by the caller, unique among its running processes; identifies it in `stop` and in events.
    public var id: UInt64
    /// A first word without `/` is looked up in the `PATH` of `environment`.
    public var arguments: [String]
    /// Executed in place of `arguments` unless that fails; none: those alone.
    public var plainWords: [String]
    /// Everything that the process sees, as `NAME=value`.
    public var environment: [String]
    /// Absolute.
    public var workingDirectory: String
    /// Absolute; its folder exists. Takes stdout and stderr.
    public var logPath: String
    /// Whether the log is appended to.
    public var appendsToLog: Bool
    /// The value of `RUNS_EXECUTION_TOKEN` in `environment`, by which processes that left the session are known again;
    /// at most 255 bytes.
    public var token: String
    /// Seconds between TERM and KILL for leftover descendants, unless a `stop` changes it.
    public var graceSeconds: Double

    public init(
        id: UInt64, arguments: [String], plainWords: [String] = [], environment: [String], workingDirectory: String,
        logPath: String, appendsToLog: Bool = false, token: String, graceSeconds: Double = 10
    ) {
        self.id = id
        self.arguments = arguments
        self.plainWords = plainWords
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.logPath = logPath
        self.appendsToLog = appendsToLog
        self.token = token
        self.graceSeconds = graceSeconds
    }
}

/// What happened to the processes of the supervisor. Points in time are nanoseconds of CLOCK_MONOTONIC.
public enum SupervisorEvent: Hashable, Sendable {
    /// The program runs; `nanoseconds` is just before its process was created.
    case started(id: UInt64, pid: Int32, nanoseconds: UInt64)
    /// There is no process. `step` is what went wrong: `open log`, `chdir`, `exec`, rarely `fork`.
    case failed(id: UInt64, errno: Int32, step: String)
    /// It and all its descendants have ended.
    case exited(ProcessEnding)
    /// The supervisor has died, and every main process with it: no further event comes.
    case gone
}

/// How a process ended and what it and its descendants used.
public struct ProcessEnding: Hashable, Sendable {
    public var id: UInt64
    /// As `wait4` gives it.
    public var waitStatus: Int32
    public var userMicroseconds: UInt64
    public var systemMicroseconds: UInt64
    /// The largest resident memory of a single process of the tree.
    public var peakResidentBytes: UInt64
    /// From and to storage; nil: unknown.
    public var readBytes: Int64?
    public var writeBytes: Int64?
    /// Processes that outlived the main process and had to be ended.
    public var leftovers: UInt32
    /// When the main process ended; leftovers may have taken longer.
    public var nanoseconds: UInt64

    public init(
        id: UInt64, waitStatus: Int32, userMicroseconds: UInt64, systemMicroseconds: UInt64, peakResidentBytes: UInt64,
        readBytes: Int64?, writeBytes: Int64?, leftovers: UInt32, nanoseconds: UInt64
    ) {
        self.id = id
        self.waitStatus = waitStatus
        self.userMicroseconds = userMicroseconds
        self.systemMicroseconds = systemMicroseconds
        self.peakResidentBytes = peakResidentBytes
        self.readBytes = readBytes
        self.writeBytes = writeBytes
        self.leftovers = leftovers
        self.nanoseconds = nanoseconds
    }

    /// The exit code; nil where a signal ended it.
    public var exitCode: Int32? { waitStatus & 0x7f == 0 ? (waitStatus >> 8) & 0xff : nil }
    /// The signal that ended it.
    public var signal: Int32? { waitStatus & 0x7f == 0 ? nil : waitStatus & 0x7f }
}

/// Commands to the supervisor.
enum SupervisorCommand {
    private static let spawnType: UInt8 = 1
    private static let stopType: UInt8 = 2

    static func spawn(_ request: SpawnRequest) -> [UInt8] {
        var frame = FrameWriter(type: spawnType)
        frame.append(request.id)
        frame.append(milliseconds(request.graceSeconds))
        frame.append(request.appendsToLog ? 1 : 0 as UInt8)
        frame.append(request.workingDirectory)
        frame.append(request.logPath)
        frame.append(request.arguments)
        frame.append(request.plainWords)
        frame.append(count: request.environment.count)
        for variable in request.environment { frame.append(SystemText.bytes(of: variable)) }
        frame.append(request.token)
        return frame.finished()
    }

    static func stop(id: UInt64, graceSeconds: Double) -> [UInt8] {
        var frame = FrameWriter(type: stopType)
        frame.append(id)
        frame.append(milliseconds(graceSeconds))
        return frame.finished()
    }

    /// Rounded up, so that only no grace at all means KILL at once.
    static func milliseconds(_ seconds: Double) -> UInt32 {
        guard seconds > 0 else { return 0 }
        return UInt32(exactly: (seconds * 1000).rounded(.up)) ?? .max
    }
}

private struct FrameWriter {
    private var bytes: [UInt8]

    init(type: UInt8) { bytes = [0, 0, 0, 0, type] }

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ string: String) {
        append(UInt32(clamping: string.utf8.count))
        bytes.append(contentsOf: string.utf8)
    }

    mutating func append(_ bytes: [UInt8]) {
        append(count: bytes.count)
        self.bytes.append(contentsOf: bytes)
    }

    mutating func append(count: Int) { append(UInt32(clamping: count)) }

    mutating func append(_ strings: [String]) {
        append(count: strings.count)
        for string in strings { append(string) }
    }

    func finished() -> [UInt8] {
        var frame = bytes
        withUnsafeBytes(of: UInt32(clamping: bytes.count - 4).littleEndian) { frame.replaceSubrange(0..<4, with: $0) }
        return frame
    }
}

/// Parses the bytes that the supervisor sends.
struct SupervisorEventReader {
    /// Not an event: the other end is not a supervisor of this version.
    struct NotAnEvent: Error {}

    private static let startedType: UInt8 = 129
    private static let failedType: UInt8 = 130
    private static let exitedType: UInt8 = 131

    private var pending: [UInt8] = []

    /// The events that are complete with `bytes`, in order.
    mutating func read(_ bytes: some Collection<UInt8>) throws(NotAnEvent) -> [SupervisorEvent] {
        pending.append(contentsOf: bytes)
        var events: [SupervisorEvent] = []
        var rest = pending[...]
        while rest.count >= 4 {
            var header = rest.prefix(4)
            let length = Int(try Self.integer(&header) as UInt32)
            guard rest.count - 4 >= length else { break }
            var fields = rest.dropFirst(4).prefix(length)
            events.append(try Self.event(&fields))
            guard fields.isEmpty else { throw NotAnEvent() }
            rest = rest.dropFirst(4 + length)
        }
        pending = Array(rest)
        return events
    }

    private static func event(_ fields: inout ArraySlice<UInt8>) throws(NotAnEvent) -> SupervisorEvent {
        let type: UInt8 = try integer(&fields)
        let id: UInt64 = try integer(&fields)
        switch type {
        case startedType:
            return .started(id: id, pid: try integer(&fields), nanoseconds: try integer(&fields))
        case failedType:
            let errno: Int32 = try integer(&fields)
            let length = Int(try integer(&fields) as UInt32)
            guard fields.count >= length else { throw NotAnEvent() }
            defer { fields = fields.dropFirst(length) }
            return .failed(id: id, errno: errno, step: String(decoding: fields.prefix(length), as: UTF8.self))
        case exitedType:
            return .exited(
                ProcessEnding(
                    id: id, waitStatus: try integer(&fields), userMicroseconds: try integer(&fields),
                    systemMicroseconds: try integer(&fields), peakResidentBytes: try integer(&fields),
                    readBytes: try knownCount(&fields), writeBytes: try knownCount(&fields),
                    leftovers: try integer(&fields), nanoseconds: try integer(&fields)))
        default:
            throw NotAnEvent()
        }
    }

    private static func knownCount(_ fields: inout ArraySlice<UInt8>) throws(NotAnEvent) -> Int64? {
        let count: Int64 = try integer(&fields)
        return count < 0 ? nil : count
    }

    private static func integer<Value: FixedWidthInteger>(
        _ fields: inout ArraySlice<UInt8>
    ) throws(NotAnEvent) -> Value {
        let width = Value.bitWidth / 8
        guard fields.count >= width else { throw NotAnEvent() }
        let value = fields.prefix(width).reversed().reduce(into: 0 as Value) { $0 = ($0 << 8) | Value($1) }
        fields = fields.dropFirst(width)
        return value
    }
}
