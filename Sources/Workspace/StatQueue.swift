// A queue of names to stat, shared between a walk and the tasks that help it. Knows batches; does not know the order of
// paths and does not start tasks.

import Glibc
import Synchronization

/// Thread-safe.
final class StatQueue: Sendable {
    /// A batch: some of the names in one folder.
    struct Piece: Sendable {
        let folder: OpenFolder
        let listing: FolderListing
        let range: Range<Int>
    }

    /// The results of a batch, nil for deleted names.
    struct Answer: Sendable {
        fileprivate(set) var statuses: [FileStatus?] = []
        /// The error number of a name that could not be stat'ed; the batch ends there.
        fileprivate(set) var problem: Int32 = 0
    }

    /// This many names take some tenths of a millisecond.
    static let namesInPiece = 256
    /// Fewer are not worth another thread.
    private static let worthHelpNames = 512
    /// Limits the number of open folders.
    private static let mostWaiting = 16

    private struct State {
        var waiting: [Piece] = []
        var waitingNames = 0
        var taken = 0
        var answers: [Int: Answer] = [:]
        var helpers = 0
    }

    private let state = Mutex(State())
    private let mostHelpers: Int

    init(mostHelpers: Int) { self.mostHelpers = mostHelpers }

    /// Adds a batch. If many are waiting, the caller processes one.
    ///
    /// - Returns: whether another task should call `help`.
    func add(_ piece: Piece) -> Bool {
        let (isFull, isHelpWanted) = state.withLock { state in
            state.waiting.append(piece)
            state.waitingNames += piece.range.count
            let isHelpWanted = state.helpers < mostHelpers && state.waitingNames >= Self.worthHelpNames
            if isHelpWanted { state.helpers += 1 }
            return (state.waiting.count >= Self.mostWaiting, isHelpWanted)
        }
        if isFull { _ = answerNext() }
        return isHelpWanted
    }

    /// Processes batches until none is waiting.
    func help() {
        repeat {
            while answerNext() {}
        } while !state.withLock { state in
            if state.waiting.isEmpty { state.helpers -= 1 }
            return state.waiting.isEmpty
        }
    }

    /// Processes one waiting batch.
    func finish() { while answerNext() {} }

    /// The results of a batch, by its number in the order of adding; nil if not finished. Returned once.
    func answer(_ number: Int) -> Answer? { state.withLock { $0.answers.removeValue(forKey: number) } }

    private func answerNext() -> Bool {
        let next = state.withLock { state -> (number: Int, piece: Piece)? in
            guard !state.waiting.isEmpty else { return nil }
            let piece = state.waiting.removeFirst()
            state.waitingNames -= piece.range.count
            defer { state.taken += 1 }
            return (state.taken, piece)
        }
        guard let next else { return false }
        let answer = Self.answer(next.piece)
        state.withLock { $0.answers[next.number] = answer }
        return true
    }

    private static func answer(_ piece: Piece) -> Answer {
        var answer = Answer()
        answer.statuses.reserveCapacity(piece.range.count)
        for entry in piece.listing.entries[piece.range] {
            let status = piece.listing.withName(at: entry.nameStart) {
                FileStatus.of($0, in: piece.folder.descriptor, followsLink: entry.isFollowed)
            }
            if status == nil, errno != ENOENT {
                answer.problem = errno
                break
            }
            answer.statuses.append(status)
        }
        return answer
    }
}
