// The CHECKs agree with the state machine: every state with every combination of its fields.

import Model
import Testing

@testable import Store

struct ConstraintTests {
    let store: Store
    let run: RunID

    init() throws {
        store = try Store.inMemory()
        run = try store.beginRun(runStart(), liveness: liveness)
    }

    @Test(arguments: ExecutionState.allCases)
    func constraintsAgreeWithTheStateMachine(state: ExecutionState) throws {
        let id = try store.begin(start("a"), run: run, pipeline: "p")
        var accepted = 0
        for fields in Fields.all {
            let isOpenOrDone: Bool
            switch state {
            case .queued, .running:
                isOpenOrDone = fields.exitCode == nil && fields.signal == nil && !fields.hasError && !fields.hasWall
            case .succeeded:
                isOpenOrDone = fields.exitCode == 0 && fields.signal == nil && !fields.hasError && fields.hasWall
            case .lost: isOpenOrDone = fields.exitCode == nil && fields.signal == nil && fields.hasError
            default:
                isOpenOrDone = (fields.exitCode == nil || fields.signal == nil) && fields.hasError && fields.hasWall
            }
            let isStarted: Bool
            switch state {
            case .queued: isStarted = !fields.hasStarted && fields.wasSubmitted
            case .running, .succeeded: isStarted = fields.hasStarted
            default: isStarted = fields.hasStarted || fields.wasSubmitted
            }
            let flags = state == .succeeded || !(fields.inputsChanged || fields.rejected)
            let expected = isOpenOrDone && isStarted && flags && fields.hasFinished == state.isFinal
            let update = fields.update(to: state, of: id)
            let wasAccepted = (try? store.connection.execute(update)) != nil
            if wasAccepted { accepted += 1 }
            #expect(wasAccepted == expected, "\(update)")
        }
        #expect(accepted > 0)
    }

    /// The columns that go with a state.
    private struct Fields {
        var exitCode: Int?
        var signal: Int?
        var (hasError, hasFinished, hasWall) = (false, false, false)
        var (inputsChanged, rejected, hasStarted, wasSubmitted) = (false, false, false, false)

        static var all: [Fields] {
            (0..<(3 << 8)).map { number in
                func bit(_ place: Int) -> Bool { number >> place & 1 == 1 }
                var fields = Fields()
                fields.exitCode = [nil, 0, 1][number >> 8]
                fields.signal = bit(0) ? 9 : nil
                (fields.hasError, fields.hasFinished, fields.hasWall) = (bit(1), bit(2), bit(3))
                (fields.inputsChanged, fields.rejected) = (bit(4), bit(5))
                (fields.hasStarted, fields.wasSubmitted) = (bit(6), bit(7))
                return fields
            }
        }

        func update(to state: ExecutionState, of id: ExecutionID) -> String {
            """
            UPDATE execution_rows SET state = '\(state.rawValue)', exit_code = \(exitCode.map(String.init) ?? "NULL"),
              signal = \(signal.map(String.init) ?? "NULL"), error = \(hasError ? "'e'" : "NULL"),
              finished_at = \(hasFinished ? "'t'" : "NULL"), wall_seconds = \(hasWall ? "1" : "NULL"),
              started_at = \(hasStarted ? "'t'" : "NULL"), queued_seconds = \(hasStarted ? "0" : "NULL"),
              submitted_at = \(wasSubmitted ? "'t'" : "NULL"),
              inputs_changed_during_run = \(inputsChanged ? 1 : 0), rejected = \(rejected ? 1 : 0)
            WHERE execution_id = \(id)
            """
        }
    }

    /// The store accepts every result of the transition function.
    @Test func everyEndingIsAccepted() throws {
        let exits: [Exit] = [.code(0), .code(1), .code(137), .signal(9), .signal(15), .notStarted("no such program")]
        for exit in exits {
            for cause in [nil, .timeout, .interruption, .memoryLimit, .stoppingRule] as [StopCause?] {
                for killed in [false, true] {
                    for missing in [[], ["x"]] {
                        let ending = ExecutionEnding(
                            exit: exit, stopCause: cause, sawOutOfMemoryKill: killed, missingOutputs: missing)
                        let (state, error) = ExecutionState.after(ending)
                        let id = try store.begin(start("a"), run: run, pipeline: "p")
                        try store.finish(
                            ExecutionFinish(
                                id: id, state: state, exit: exit, error: error, finishedAt: time(9),
                                usage: Usage(wallSeconds: 0)))
                        #expect(try store.stage(of: id)?.state == state)
                    }
                }
            }
        }
    }

    /// The store makes every transition that `mayBecome` allows, and no other.
    @Test(arguments: [ExecutionState.queued, .running])
    func transitionsAreThoseOfTheModel(from state: ExecutionState) throws {
        for next in ExecutionState.allCases where next.isFinal {
            let id = try store.begin(start("a", state: state), run: run, pipeline: "p")
            let finish = next == .succeeded ? success(id) : failure(id, state: next, exit: nil)
            let isAllowed = (try? store.finish(finish)) != nil
            #expect(isAllowed == state.mayBecome(next), "\(next)")
            #expect(try store.stage(of: id)?.state == (isAllowed ? next : state))
            guard isAllowed else { continue }
            let message = sentence { try store.markRunning(ExecutionRunning(id: id, startedAt: time(2), host: "n1")) }
            #expect(message.contains("it is \(next.rawValue), not queued"))
        }
    }

    @Test(arguments: [
        "INSERT INTO metric_points (execution_id, name_id, value, value_text, recorded_at) VALUES (1, 1, 1.0, 'NaN', 't')",
        "INSERT INTO metric_points (execution_id, name_id, value, value_text, recorded_at) VALUES (1, 1, NULL, NULL, 't')",
        "INSERT INTO metric_points (execution_id, name_id, value, value_text, recorded_at) VALUES (1, 1, NULL, 'nan', 't')",
        "UPDATE run_rows SET status = 'succeeded'",
        "UPDATE run_rows SET finished_at = 't'",
        "UPDATE run_rows SET status = 'done', finished_at = 't'",
        "UPDATE execution_rows SET attempt = 0",
        "UPDATE execution_rows SET key = x'00'",
        "UPDATE execution_rows SET cpus = 'many'",
        "UPDATE execution_rows SET run_id = 99",
        "INSERT INTO artifacts (path_id, sha256, digest_kind, size_bytes) VALUES (1, zeroblob(32), 'guess', 1)",
        "INSERT INTO tag_rows (run_id, created_at) VALUES (1, 't')",
        "INSERT INTO tag_rows (run_id, tag, note, created_at) VALUES (1, 'a', 'b', 't')",
        "UPDATE execution_rows SET accepted = 2", "UPDATE execution_rows SET repetition = 0",
        "INSERT INTO decision_rows (run_id, stage_id, ordinal, verdict, reason) VALUES (1, 1, 0, 'fresh', 'fresh')",
        "INSERT INTO store (only_row, identity, salt, created_at) VALUES (2, 'x', zeroblob(32), 't')",
    ])
    func invalidRowsAreRejected(sql: String) throws {
        let id = try store.begin(start("a", inputs: [recorded("i", "i", 1)]), run: run, pipeline: "p")
        #expect(id.value == 1)
        try store.connection.execute("PRAGMA foreign_keys = ON")
        #expect(throws: Failure.self) { try store.connection.execute(sql) }
    }
}
