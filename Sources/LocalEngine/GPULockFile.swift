// The lock file of one GPU: ranges of its first thousand bytes, taken and given back. Knows files; does not know GPUs.

import CLinux
import Glibc
import Model
import Synchronization

final class GPULockFile: Sendable {
    fileprivate struct State {
        /// nil where it cannot be opened.
        var descriptor: Int32?
        var openingError: Int32 = 0
        /// What this run holds: the kernel shows a program only what others do.
        var own: [Range<Int>] = []
    }

    private let path: String
    private let state = Mutex(State())

    init(_ path: String) {
        self.path = path
        state.withLock { $0.open(path) }
    }

    deinit { if let descriptor { close(descriptor) } }

    var descriptor: Int32? { state.withLock { $0.descriptor } }

    /// Locks this many bytes, wherever they are; nil, and none, where others hold too many.
    ///
    /// - Throws: a `Failure` of kind `engine` when the file cannot be locked at all.
    func take(_ count: Int) throws(Failure) -> [Range<Int>]? {
        let result = state.withLock { state in
            Result { () throws(Failure) in try state.take(count, at: path) }
        }
        return try result.get()
    }

    func giveBack(_ range: Range<Int>) {
        state.withLock { state in
            guard let descriptor = state.descriptor, let index = state.own.firstIndex(of: range) else { return }
            state.own.remove(at: index)
            clinux_unlock_range(descriptor, range.lowerBound, range.count)
        }
    }

    /// The first bytes of the gaps, as many as asked for; nil where there are fewer.
    static func pieces(of gaps: [Range<Int>], holding count: Int) -> [Range<Int>]? {
        var left = count
        var pieces: [Range<Int>] = []
        for gap in gaps where left > 0 {
            pieces.append(gap.prefix(left))
            left -= gap.prefix(left).count
        }
        return left == 0 ? pieces : nil
    }

    /// The bytes of the first thousand that are not locked.
    func gaps() -> [Range<Int>] { state.withLock { $0.gaps() } }
}

extension GPULockFile.State {
    mutating func take(_ count: Int, at path: String) throws(Failure) -> [Range<Int>]? {
        if own.isEmpty, !isStillThere(path) { open(path) }
        guard let descriptor else { throw failure("cannot be opened", openingError, path) }
        guard let pieces = GPULockFile.pieces(of: gaps(), holding: count) else { return nil }
        // Programs that clean up shared folders remove old files.
        futimens(descriptor, nil)
        for (index, piece) in pieces.enumerated() {
            if clinux_lock_range(descriptor, piece.lowerBound, piece.count) == 0 { continue }
            let number = errno
            for piece in pieces[..<index] { clinux_unlock_range(descriptor, piece.lowerBound, piece.count) }
            guard number == EAGAIN || number == EACCES else { throw failure("cannot be locked", number, path) }
            return nil
        }
        own += pieces
        return pieces
    }

    func gaps() -> [Range<Int>] {
        var gaps: [Range<Int>] = []
        var pending = [0..<1000]
        while let range = pending.popLast() {
            guard let locked = own.first(where: { $0.overlaps(range) }) ?? lockedElsewhere(in: range) else {
                gaps.append(range)
                continue
            }
            // Not always the first lock in the range: both sides of it are looked at.
            if locked.upperBound < range.upperBound { pending.append(locked.upperBound..<range.upperBound) }
            if locked.lowerBound > range.lowerBound { pending.append(range.lowerBound..<locked.lowerBound) }
        }
        return gaps
    }

    private func lockedElsewhere(in range: Range<Int>) -> Range<Int>? {
        var (start, length) = (range.lowerBound, range.count)
        guard let descriptor, clinux_locked_range(descriptor, &start, &length) == 1 else { return nil }
        return start..<(length == 0 ? max(start, range.upperBound) : start + length)
    }

    /// Opens the file, and creates it for all users where it does not exist.
    mutating func open(_ path: String) {
        if let descriptor { close(descriptor) }
        descriptor = nil
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        for _ in 0..<8 where descriptor == nil {
            // Without O_CREAT, which the kernel refuses for another user's file in a folder like this.
            var opened = Glibc.open(path, flags)
            if opened < 0, errno == ENOENT {
                opened = Glibc.open(path, flags | O_CREAT | O_EXCL, 0o666)
                if opened >= 0 { fchmod(opened, 0o666) }
            }
            if opened >= 0 { descriptor = opened } else { openingError = errno }
            guard openingError == EEXIST || openingError == ENOENT || openingError == 0 else { return }
        }
    }

    private func isStillThere(_ path: String) -> Bool {
        var (named, opened) = (stat(), stat())
        guard let descriptor else { return false }
        return lstat(path, &named) == 0 && fstat(descriptor, &opened) == 0
            && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino
    }

    private func failure(_ problem: String, _ number: Int32, _ path: String) -> Failure {
        let reason = String(cString: strerror(number))
        return Failure(.engine, "the GPU lock file \(path) \(problem): \(reason). Make it writable.")
    }
}
