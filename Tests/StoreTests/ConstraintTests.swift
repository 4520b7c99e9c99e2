// The CHECKs say what the state machine says: every state with every combination of the fields that go with it.

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
    func everyCombinationIsJudgedAsTheStateMachineDoes(state: ExecutionState) throws {
        let id = try store.begin(start("a"), run: run, pipeline: "p")
        var accepted = 0
        for exitCode in [nil, 0, 1] as [Int?] {
            for signal in [nil, 9] as [Int?] {
                for hasError in [false, true] {
                    for hasFinished in [false, true] {
                        for hasWall in [false, true] {
                            for inputsChanged in [false, true] {
                                for rejected in [false, true] {
                                    let ended: Bool
                                    switch state {
                                    case .running: ended = exitCode == nil && signal == nil && !hasError && !hasWall
                                    case .succeeded: ended = exitCode == 0 && signal == nil && !hasError && hasWall
                                    case .lost: ended = exitCode == nil && signal == nil && hasError
                                    default: ended = (exitCode == nil || signal == nil) && hasError && hasWall
                                    }
                                    let flags = state == .succeeded || !(inputsChanged || rejected)
                                    let expected = ended && flags && hasFinished == (state != .running)
                                    let update = """
                                        UPDATE execution_rows SET state = '\(state.rawValue)',
                                          exit_code = \(exitCode.map(String.init) ?? "NULL"),
                                          signal = \(signal.map(String.init) ?? "NULL"),
                                          error = \(hasError ? "'e'" : "NULL"),
                                          finished_at = \(hasFinished ? "'t'" : "NULL"),
                                          wall_seconds = \(hasWall ? "1" : "NULL"),
                                          inputs_changed_during_run = \(inputsChanged ? 1 : 0), rejected = \(rejected ? 1 : 0)
                                        WHERE execution_id = \(id)
                                        """
                                    let wasAccepted = (try? store.connection.execute(update)) != nil
                                    if wasAccepted { accepted += 1 }
                                    #expect(wasAccepted == expected, "\(update)")
                                }
                            }
                        }
                    }
                }
            }
        }
        #expect(accepted > 0)
    }

    /// Whatever the transition function makes of an ending, the store takes.
    @Test func everyTransitionIsAccepted() throws {
        let exits: [Exit] = [.code(0), .code(1), .code(137), .signal(9), .signal(15), .notStarted("no such program")]
        for exit in exits {
            for cause in [nil, .timeout, .interruption, .memoryLimit] as [StopCause?] {
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
    func rowsThatMeanNothingAreRefused(sql: String) throws {
        let id = try store.begin(start("a", inputs: [recorded("i", "i", 1)]), run: run, pipeline: "p")
        #expect(id.value == 1)
        try store.connection.execute("PRAGMA foreign_keys = ON")
        #expect(throws: Failure.self) { try store.connection.execute(sql) }
    }
}
