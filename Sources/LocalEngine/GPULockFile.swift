// The lock file of one GPU: ranges of its first thousand bytes, taken and given back. Knows files; does not know GPUs.

import CLinux
import Glibc
import Model

final class GPULockFile {
    private let path: String
    /// nil where it cannot be opened.
    private(set) var descriptor: Int32?
    private var openingError: Int32 = 0
    /// What this run holds: the kernel shows a program only what others do.
    private var own: [Range<Int>] = []

    init(_ path: String) {
        self.path = path
        openFile()
    }

    deinit { if let descriptor { close(descriptor) } }

    /// Locks so many bytes, wherever they are; nil, and none, where others hold too many.
    ///
    /// - Throws: when the file cannot be locked at all.
    func take(_ count: Int) throws(Failure) -> [Range<Int>]? {
        if own.isEmpty, !isStillThere { openFile() }
        guard let descriptor else { throw failure("cannot be opened", openingError) }
        guard let pieces = Self.pieces(of: gaps(), holding: count) else { return nil }
        // A folder for passing files is tidied of old ones.
        futimens(descriptor, nil)
        for (index, piece) in pieces.enumerated() {
            if clinux_lock_range(descriptor, piece.lowerBound, piece.count) == 0 { continue }
            let number = errno
            for piece in pieces[..<index] { clinux_unlock_range(descriptor, piece.lowerBound, piece.count) }
            guard number == EAGAIN || number == EACCES else { throw failure("cannot be locked", number) }
            return nil
        }
        own += pieces
        return pieces
    }

    func giveBack(_ range: Range<Int>) {
        guard let descriptor, let index = own.firstIndex(of: range) else { return }
        own.remove(at: index)
        clinux_unlock_range(descriptor, range.lowerBound, range.count)
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

    /// The bytes of the first thousand that nobody has locked.
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

    /// Opens it, and makes it where it is not there, for all users.
    private func openFile() {
        if let descriptor { close(descriptor) }
        descriptor = nil
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        for _ in 0..<8 where descriptor == nil {
            // Without O_CREAT, which the kernel refuses for another user's file in a folder like this.
            var opened = open(path, flags)
            if opened < 0, errno == ENOENT {
                opened = open(path, flags | O_CREAT | O_EXCL, 0o666)
                if opened >= 0 { fchmod(opened, 0o666) }
            }
            if opened >= 0 { descriptor = opened } else { openingError = errno }
            guard openingError == EEXIST || openingError == ENOENT || openingError == 0 else { return }
        }
    }

    private var isStillThere: Bool {
        var (named, opened) = (stat(), stat())
        guard let descriptor else { return false }
        return lstat(path, &named) == 0 && fstat(descriptor, &opened) == 0
            && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino
    }

    private func failure(_ problem: String, _ number: Int32) -> Failure {
        let reason = String(cString: strerror(number))
        return Failure(.store, "\(path), the lock that says who uses a GPU, \(problem): \(reason). Make it writable.")
    }
}
