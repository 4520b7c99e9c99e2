// Runs code that may block, or never return, on a separate thread. Knows threads; does not know what the code does.

import Glibc

/// Runs a closure on a new thread and does not wait for it. Blocking code must not occupy the few threads of Swift's
/// pool.
///
/// - Returns: false if the thread cannot be created.
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
