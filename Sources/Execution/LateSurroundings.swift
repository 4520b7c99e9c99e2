// What takes long to find out about the code and the machine: asked for on a thread of its own when the first stage may
// start, and recorded when the answer comes. Does not know what is asked.

import Glibc
import Model

extension Run {
    /// Begins to ask.
    func ask(_ question: @escaping @Sendable () -> LateSurroundings) {
        let queue = queue
        awaitsSurroundings = onThread { queue.put(.surroundings(question())) }
    }

    func took(_ surroundings: LateSurroundings) throws(Failure) {
        awaitsSurroundings = false
        try store.recordSurroundings(surroundings, of: runID)
    }

    /// A run that was over before the answer came waits a little for it.
    func awaitSurroundings() throws(Failure) {
        let deadline = clock().adding(seconds: 2)
        while awaitsSurroundings, interruption == nil {
            let left = deadline.seconds(since: clock())
            guard left > 0 else { return }
            for message in queue.take(waitingSeconds: left, also: nil) {
                if case .surroundings(let surroundings) = message { try took(surroundings) }
            }
        }
    }
}

/// Runs something that may take its time beside everything else, which the few threads of Swift's own pool must not.
///
/// - Returns: false where no thread could be made.
private func onThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let work = Unmanaged.passRetained(Work(body))
    var thread = pthread_t()
    let error = pthread_create(
        &thread, nil,
        { context in
            if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
            return nil
        }, work.toOpaque())
    guard error == 0 else {
        work.release()
        return false
    }
    pthread_detach(thread)
    return true
}
