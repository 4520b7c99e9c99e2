// Goes through a folder and all below it, and stats everything; links inside are not followed. It reads no file. What it
// finds can be stat'ed by others meanwhile: a file system spends four fifths of a walk on that.

import Glibc
import Model

struct FolderWalk: ~Copyable {
    private let shown: String
    private let excluded: [UInt8]
    private var descent: DirectoryCursor
    private var tree = FolderTree()
    private let queue: StatQueue
    /// How many pieces were handed in, and the answers to how many the tree has.
    private var handedIn = 0
    private var answered = 0
    /// Whether something was replaced by something else meanwhile.
    private var hasChanged = false
    /// Of the folders that the walk is inside of, the entries it has not passed.
    private var ahead: [Range<Int>] = []

    /// - Parameters:
    ///   - excluded: the name of the program's own folder, which is left out at every depth.
    ///   - mostHelpers: how many tasks may help at a time.
    /// - Returns: nil where there is no such folder.
    init?(
        _ full: String, shownAs shown: String, excluding excluded: [UInt8], mostHelpers: Int = 0
    ) throws(WorkspaceFailure) {
        let top = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard top >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw WorkspaceFailure("the folder '\(shown)' cannot be read", errno: errno)
        }
        self.shown = shown
        self.excluded = excluded
        descent = DirectoryCursor(top)
        queue = StatQueue(mostHelpers: mostHelpers)
    }

    /// Lists every folder. What is not stat'ed by then is in others' hands.
    ///
    /// - Parameter startHelp: is called with the work of one who helps.
    /// - Returns: false where folders were moved or replaced during the walk, which is then over.
    mutating func listAll(
        _ startHelp: (@escaping @Sendable () -> Void) -> Void = { _ in }
    ) throws(WorkspaceFailure) -> Bool {
        try list(-1, startHelp)
        while let rest = ahead.last {
            guard let node = rest.first(where: { tree.nodes[$0].kind == .folder }) else {
                ahead.removeLast()
                guard ahead.isEmpty || descent.leave() else { return false }
                continue
            }
            ahead[ahead.count - 1] = node + 1..<rest.upperBound
            let problem = tree.withName(of: node) { descent.enter($0) }
            if problem == ENOENT || problem == ENOTDIR || problem == ELOOP { return false }
            guard problem == 0 else { throw failure(node, problem) }
            try list(node, startHelp)
        }
        queue.finish()
        return true
    }

    /// The tree, when everything was listed and all who help have ended; nil where something was replaced meanwhile.
    consuming func finish() throws(WorkspaceFailure) -> FolderTree? {
        try takeAnswers()
        return hasChanged || answered < handedIn ? nil : tree
    }

    private mutating func list(
        _ node: Int, _ startHelp: (@escaping @Sendable () -> Void) -> Void
    ) throws(WorkspaceFailure) {
        guard let listing = FolderListing(descriptor: descent.descriptor, excluding: excluded) else {
            throw failure(node, errno)
        }
        let nodes = tree.append(listing, in: node)
        if let strange = nodes.first(where: { tree.nodes[$0].kind == .other }) {
            throw WorkspaceFailure(
                "'\(shown)/\(tree.shownPath(of: strange))' is neither file, folder nor link (a fifo, socket or "
                    + "device) and cannot be digested. Remove it from the folder.")
        }
        ahead.append(nodes)
        var start = 0
        while start < nodes.count {
            let range = start..<min(start + StatQueue.namesInPiece, nodes.count)
            start = range.upperBound
            handedIn += 1
            let queue = queue
            if queue.add(.init(folder: descent.folder, listing: listing, range: range)) { startHelp { queue.help() } }
            try takeAnswers()
        }
    }

    private mutating func takeAnswers() throws(WorkspaceFailure) {
        while !hasChanged, answered < handedIn, let answer = queue.answer(answered) {
            answered += 1
            hasChanged = !tree.take(answer.statuses)
            if !hasChanged, answer.problem != 0 { throw failure(tree.folder(of: tree.stamps.count), answer.problem) }
        }
    }

    private func failure(_ node: Int, _ number: Int32) -> WorkspaceFailure {
        let path = node < 0 ? shown : "\(shown)/\(tree.shownPath(of: node))"
        return WorkspaceFailure("the folder '\(path)' cannot be read", errno: number)
    }
}
