// Ctrl-C, TERM and HUP as something to read, instead of something that happens in the middle of anything.

import Glibc

/// Blocks the three signals in this thread and all that it creates, and hands them out one by one.
struct SignalSource: ~Copyable {
    let descriptor: Int32

    /// Before any other thread exists, so that none of them is interrupted instead.
    init() {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
    }

    deinit { close(descriptor) }

    /// The next signal that came; nil when there is none.
    func next() -> Int32? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        return read(descriptor, &info, size) == size ? Int32(info.ssi_signo) : nil
    }
}
