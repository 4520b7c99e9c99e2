// A thread for what may take its time, or never come back. Knows nothing of what is done on it.

import Glibc

/// Runs something beside everything else, which the few threads of Swift's own pool must not be kept busy with. Nobody
/// waits for its end.
///
/// - Returns: false where no thread could be made.
public func onDetachedThread(_ body: @escaping @Sendable () -> Void) -> Bool {
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
