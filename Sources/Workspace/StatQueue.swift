// Names that wait to be stat'ed, shared between the walk that finds them and tasks that help it. Knows no order of
// paths and starts no task.

import Glibc
import Synchronization

/// Safe to use from several threads at once.
final class StatQueue: Sendable {
    /// Some of the names in one folder.
    struct Piece: Sendable {
        let folder: OpenFolder
        let listing: FolderListing
        let range: Range<Int>
    }

    /// What stat said of a piece, nil for names that are gone.
    struct Answer: Sendable {
        fileprivate(set) var statuses: [FileStatus?] = []
        /// The error number with which a name could not be looked at; then there is no more of the piece.
        fileprivate(set) var problem: Int32 = 0
    }

    /// So many names are stat'ed in some tenths of a millisecond.
    static let namesInPiece = 256
    /// Fewer are not worth waking another thread.
    private static let worthHelpNames = 512
    /// Bounds the folders that are held open.
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

    /// Hands in a piece. Where many wait, the caller does one of them.
    ///
    /// - Returns: whether somebody should be made to `help`.
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

    /// Works until no piece waits.
    func help() {
        repeat {
            while answerNext() {}
        } while !state.withLock { state in
            if state.waiting.isEmpty { state.helpers -= 1 }
            return state.waiting.isEmpty
        }
    }

    /// Does what nobody has begun.
    func finish() { while answerNext() {} }

    /// The answer to a piece, by its number in the order of adding; nil where it is not there yet. Each is given once.
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
            let status = piece.listing.withName(at: entry.nameStart) { FileStatus.of($0, in: piece.folder.descriptor) }
            if status == nil, errno != ENOENT {
                answer.problem = errno
                break
            }
            answer.statuses.append(status)
        }
        return answer
    }
}
