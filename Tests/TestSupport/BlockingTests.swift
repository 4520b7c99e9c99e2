// Threads for tests that block: a run waits for work that the few threads of Swift's own pool do, and must not keep
// these busy itself.

import Foundation
import Testing

/// `@Suite(.blocking)`: the suite's tests run on threads that may block.
public struct BlockingTests: SuiteTrait, TestTrait, TestScoping {
    public let isRecursive = true

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(BlockingExecutor.shared) { try await function() }
    }
}

extension Trait where Self == BlockingTests {
    public static var blocking: Self { BlockingTests() }
}

private final class BlockingExecutor: TaskExecutor {
    static let shared = BlockingExecutor()

    /// A thread for each job: those of a pool could all be blocked.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
