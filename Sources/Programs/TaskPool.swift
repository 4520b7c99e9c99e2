// Whether Swift's pool of threads can work: where it cannot create a thread, it would retry silently without end,
// and without /proc it crashes. Knows limits; does not know what the threads are for.

import CLinux
import Glibc
import Model

/// Call before the first task is created.
///
/// - Throws: if the pool cannot work.
public func refuseUnusableTaskPool() throws(Failure) {
    if let taskPoolProblem { throw Failure(.engine, taskPoolProblem) }
}

private let taskPoolProblem: String? = {
    if access("/proc/self/stat", F_OK) != 0 {
        return "/proc is not mounted: files cannot be examined and stages cannot be run without it "
            + "(`mount -t proc proc /proc`)"
    }
    // Creating threads takes time, which is saved where no limit is near.
    let isLimited =
        isLimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), below: 1 << 16)
        || isLimit(__rlimit_resource_t(RLIMIT_AS.rawValue), below: 1 << 40)
    guard isLimited, !canCreateThreads(max(1, Int(clinux_usable_cpus())) + 1) else { return nil }
    return "cannot create threads: raise the limit on processes (`ulimit -u`) or on virtual memory (`ulimit -v`)"
}()

private func isLimit(_ resource: __rlimit_resource_t, below most: UInt) -> Bool {
    var limit = rlimit()
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur < most
}

/// Whether so many threads can exist at once.
private func canCreateThreads(_ count: Int) -> Bool {
    let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    defer { gate.deallocate() }
    pthread_mutex_init(gate, nil)
    pthread_mutex_lock(gate)
    var threads: [pthread_t] = []
    for _ in 0..<count {
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { context in
                guard let gate = context?.assumingMemoryBound(to: pthread_mutex_t.self) else { return nil }
                pthread_mutex_lock(gate)
                pthread_mutex_unlock(gate)
                return nil
            }, gate)
        if error != 0 { break }
        threads.append(thread)
    }
    pthread_mutex_unlock(gate)
    for thread in threads { pthread_join(thread, nil) }
    return threads.count == count
}
