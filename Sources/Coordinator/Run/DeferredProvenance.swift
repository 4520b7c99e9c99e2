// What takes long to find out about the code and the machine: asked for on a thread of its own when the first stage may
// start, and recorded when the answer comes. Does not know what is asked.

import Model

extension Run {
    /// Begins to ask.
    func ask(_ question: @escaping @Sendable () -> DeferredProvenance) {
        let queue = queue
        awaitsProvenance = driver.onThreadOfItsOwn { queue.put(.provenance(question())) }
    }

    func record(_ provenance: DeferredProvenance) throws(Failure) {
        awaitsProvenance = false
        try store.recordProvenance(provenance, of: identity.run)
    }

    /// A run that is over before the answer comes waits a little for it.
    func awaitProvenance() throws(Failure) {
        let deadline = driver.now().adding(seconds: 2)
        while awaitsProvenance, interruption.signal == nil {
            let left = deadline.seconds(since: driver.now())
            guard left > 0 else { return }
            _ = driver.wait(seconds: left, for: [queue.descriptor])
            if driver.nextSignal() != nil { return }
            for message in queue.take() {
                if case .provenance(let provenance) = message { try record(provenance) }
            }
        }
    }
}
