// Random pipelines and edits: after each edit, `runs exec` must run exactly the stages that an independent model runs,
// for the same reasons and as planned, and make the right outputs. `RUNS_TEST_LONG=1` tries many more; `RUNS_TEST_SEED`
// starts with the case of that seed.

import TestSupport
import Testing

@Suite struct PlannerPropertyTests {
    @Test(arguments: testSeeds(from: 20_261_124, count: isLongTest ? 400 : 40))
    func runsWhatTheModelRuns(seed: UInt64) throws {
        var scene = try Scene(seed: seed)
        for step in 0..<(isLongTest ? 15 : 8) {
            if step > 0 { try scene.edit() }
            scene.takeSnapshot()
            try scene.settle()
            let request = scene.randomRequest()
            scene.note("\(step): runs exec \(request.arguments.joined(separator: " "))")
            do {
                try check(request, in: &scene)
            } catch let difference as Difference {
                Issue.record("\(difference.description)\n\(scene.story)")
                return
            }
        }
    }

    @Test func theModelsChecksumIsThatOfCksum() {
        // As `printf '' | cksum` and `printf '123456789' | cksum` print them.
        #expect(StageProgram.checksum("") == 4_294_967_295)
        #expect(StageProgram.checksum("123456789") == 930_766_865)
    }

    private func check(_ request: RunRequest, in scene: inout Scene) throws {
        let stages = scene.draft.stages(overrides: request.overrides)
        let forced = scene.oracle.selection(stages, request).forced
        try scene.project.write("trace/all", "")
        if stages.contains(where: { $0.template.isFrozen && forced.contains($0.name) }) {
            let result = try exec(request, in: scene)
            try require(result.status == 2, "a frozen stage was forced, and the exit status is not 2", result)
            try require(try trace(of: scene).isEmpty, "a frozen stage was forced, and something ran", result)
            return
        }

        let expectedPlan = scene.oracle.plan(stages, request)
        let planned = try exec(request, "--dry-run", "--output", "jsonl", in: scene)
        let plan = try verdicts(planned)
        try require(try trace(of: scene).isEmpty, "a dry run ran something", planned)
        for stage in stages.map(\.name) {
            let verdict = plan[stage] ?? "nothing"
            try require(
                expectedPlan[stage]?.contains(verdict) ?? false,
                "the plan says \(verdict) of \(stage), the model \(expectedPlan[stage]?.sorted() ?? [])", planned)
        }

        let leftovers = scene.oracle.leftovers(stages, request)
        try checkLeftovers(leftovers, planned)
        let result = try exec(request, in: scene)
        try checkLeftovers(leftovers, result)
        let seen = try Observation(of: scene)
        var outcome = ModelOutcome()
        var after = scene.oracle
        outcome = after.run(stages, request)
        if !request.keepsGoing && outcome.attempts.values.contains(where: { $0.succeeded == 0 }) {
            after = scene.oracle
            let whole = outcome
            outcome = after.run(
                stages, request, observed: ObservedStart(attempts: seen.trace, restored: seen.stages(with: "restored")))
            try require(
                outcome.attempts.values.contains { $0.succeeded == 0 },
                "nothing failed, but of \(whole.attempts.keys.sorted()) only \(seen.trace.keys.sorted()) ran", result)
        }
        scene.oracle = after
        scene.adoptRun()

        let attempts = outcome.attempts.mapValues { $0.failed + $0.succeeded }
        try require(
            seen.trace == attempts, "ran: \(told(seen.trace)); the model runs: \(told(attempts))", result, seen.told)
        try require(
            seen.executions == outcome.attempts.mapValues { Attempts(failed: $0.failed, succeeded: $0.succeeded) },
            "the store's executions \(seen.executions) are not those of the model \(outcome.attempts)", result)
        let expectedStatus: Int32 = outcome.isSuccess && outcome.unstarted.isEmpty ? 0 : 1
        try require(result.status == expectedStatus, "the exit status is not \(expectedStatus)", result)
        for (stage, verdict) in outcome.verdicts {
            let found = seen.verdicts[stage]?.sorted() ?? []
            try require(
                found == [verdict.rawValue], "the decision on \(stage) is \(found), the model's \(verdict)", result,
                seen.told)
        }
        for (stage, expected) in outcome.reasons {
            let complaint = expected.complaint(about: seen.reasons[stage] ?? [])
            try require(complaint == nil, "\(stage): \(complaint ?? "")", result, seen.told)
        }
        try checkPromise(plan, outcome, result)
        try checkDisk(scene, result)
    }

    private func checkLeftovers(_ expected: Set<String>, _ result: CommandResult) throws {
        let lines = result.errorOutput.split(separator: "\n")
        let counts = lines.compactMap { line -> Int? in
            let words = line.split(separator: " ")
            guard words.first == "warning:", line.contains(" made by ") else { return nil }
            return words[1] == "input" ? 1 : Int(words[1])
        }
        try require(
            counts.reduce(0, +) == expected.count, "\(counts) inputs are left over, the model has \(expected.sorted())",
            result)
    }

    /// will ⊆ ran ∪ blocked, ran ⊆ will ∪ may.
    private func checkPromise(_ plan: [String: String], _ outcome: ModelOutcome, _ result: CommandResult) throws {
        for (stage, verdict) in plan where verdict == "run" && !outcome.unstarted.contains(stage) {
            try require(
                outcome.attempts[stage] != nil || outcome.verdicts[stage] == .blocked,
                "the plan said that \(stage) will run, and it did not", result)
        }
        for stage in outcome.attempts.keys {
            try require(
                ["run", "may_run"].contains(plan[stage]), "\(stage) ran, but the plan said \(plan[stage] ?? "nothing")",
                result)
        }
    }

    private func checkDisk(_ scene: Scene, _ result: CommandResult) throws {
        let expected = scene.oracle.disk.filter { $0.key.hasPrefix("out/") }
        let found = scene.project.files(below: "out")
        for path in Set(expected.keys).union(found.keys).sorted() where expected[path] != found[path] {
            throw Difference(
                "\(path) holds \(found[path] ?? "nothing"), the model \(expected[path] ?? "nothing")", result, [])
        }
    }

    // MARK: Running the program

    private func exec(_ request: RunRequest, _ more: String..., in scene: Scene) throws -> CommandResult {
        try scene.project.runs(["exec"] + request.arguments + more, environment: scene.environment)
    }

    private func verdicts(_ planned: CommandResult) throws -> [String: String] {
        try require(planned.status == 0 || planned.status == 1, "a dry run failed", planned)
        var verdicts: [String: String] = [:]
        for line in try JSON.lines(planned.output) {
            if let stage = line["stage"]?.text, let verdict = line["verdict"]?.text { verdicts[stage] = verdict }
        }
        return verdicts
    }

    private func told(_ attempts: [String: Int]) -> String {
        let names = attempts.sorted { $0.key < $1.key }.map { $1 == 1 ? $0 : "\($0) ×\($1)" }
        return names.isEmpty ? "nothing" : names.joined(separator: " ")
    }
}

private struct Attempts: Equatable {
    var failed = 0
    var succeeded = 0
}

/// What the last run did: the stages' own trace, and the rows of the store.
private struct Observation {
    var trace: [String: Int]
    var executions: [String: Attempts] = [:]
    var verdicts: [String: Set<String>] = [:]
    var reasons: [String: Set<ModelReason>] = [:]

    init(of scene: Scene) throws {
        trace = try PlannerPropertyTests.trace(of: scene)
        let rows = try scene.project.query(
            """
            SELECT 'decision' AS kind, stage, verdict AS what, reason, subject FROM decisions
            WHERE run_id = (SELECT max(run_id) FROM runs)
            UNION ALL SELECT 'execution', stage, state, NULL, NULL FROM executions
            WHERE run_id = (SELECT max(run_id) FROM runs)
            """)
        for row in rows {
            guard let stage = row["stage"]?.text, let what = row["what"]?.text else { continue }
            if row["kind"]?.text == "decision" {
                verdicts[stage, default: []].insert(what)
                reasons[stage, default: []].insert(ModelReason(row["reason"]?.text ?? "none", row["subject"]?.text))
            } else if what == "succeeded" {
                executions[stage, default: Attempts()].succeeded += 1
            } else {
                executions[stage, default: Attempts()].failed += 1
            }
        }
    }

    /// The decisions, one per line.
    var told: [String] {
        verdicts.sorted { $0.key < $1.key }.map { "\($0): \($1.sorted()) \((reasons[$0] ?? []).sorted())" }
    }

    func stages(with verdict: String) -> Set<String> { Set(verdicts.filter { $0.value.contains(verdict) }.keys) }
}

extension PlannerPropertyTests {
    /// How often each stage was started, according to its own trace.
    fileprivate static func trace(of scene: Scene) throws -> [String: Int] {
        guard let text = scene.project.read("trace/all") else { throw HarnessError("the trace is gone") }
        return text.split(separator: "\n").reduce(into: [:]) { $0[String($1), default: 0] += 1 }
    }

    fileprivate func trace(of scene: Scene) throws -> [String: Int] { try Self.trace(of: scene) }
}

/// A difference between the program and the model.
private struct Difference: Error, CustomStringConvertible {
    let description: String
    init(_ what: String, _ result: CommandResult, _ reasons: [String]) {
        description = "\(what)\n\(result.story)\n\(reasons.joined(separator: "\n"))"
    }
}

private func require(
    _ condition: Bool, _ what: @autoclosure () -> String, _ result: CommandResult, _ reasons: [String] = []
) throws {
    guard condition else { throw Difference(what(), result, reasons) }
}

extension Scene {
    fileprivate mutating func randomRequest() -> RunRequest {
        var request = RunRequest()
        request.jobs = random.pick([1, 2, 4]) ?? 1
        request.keepsGoing = !random.oneIn(3)
        request.restores = policy != .neverRestore && !random.oneIn(10)
        let names = draft.stages().map(\.name) + draft.templates.map(\.name)
        if random.oneIn(4) {
            request.targets = (0..<Int.random(in: 1...3, using: &random)).compactMap { _ in random.pick(names) }
            request.isForced = random.oneIn(3)
        }
        if random.oneIn(8), let name = random.pick(Draft.paramNames) {
            request.overrides[name] = Int.random(in: 1...3, using: &random)
        }
        return request
    }
}

extension RunRequest {
    fileprivate var arguments: [String] {
        var words = targets + ["--jobs", "\(jobs)"]
        if isForced { words.append("--force") }
        if keepsGoing { words.append("--keep-going") }
        if !restores { words.append("--no-restore") }
        return words + overrides.sorted { $0.key < $1.key }.flatMap { ["--set", "\($0)=\(Draft.number($1))"] }
    }
}
