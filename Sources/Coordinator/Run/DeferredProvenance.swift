// What takes long to find out about the code and the machine: asked for on a thread of its own when the first stage may
// start, and recorded when the answer comes. Does not know what is asked.

import Model
import Programs

extension Run {
    /// Begins to ask.
    func ask(_ question: @escaping @Sendable () -> DeferredProvenance) {
        let queue = queue
        awaitsProvenance = onDetachedThread { queue.put(.provenance(question())) }
    }

    func took(_ provenance: DeferredProvenance) throws(Failure) {
        awaitsProvenance = false
        try store.recordProvenance(provenance, of: runID)
    }

    /// A run that was over before the answer came waits a little for it.
    func awaitProvenance() throws(Failure) {
        let deadline = clock().adding(seconds: 2)
        while awaitsProvenance, interruption == nil {
            let left = deadline.seconds(since: clock())
            guard left > 0 else { return }
            for message in queue.take(waitingSeconds: left) {
                if case .provenance(let provenance) = message { try took(provenance) }
            }
        }
    }
}
