// Walks a folder recursively and stats every entry, and what links lead to if the rule says so. Other tasks can help with `stat`, which
// takes four fifths of the time. Knows entries; does not read files.

import Glibc
import Model

struct FolderWalk: ~Copyable {
    private let shown: String
    private let rule: ListingRule
    private let top: OpenFolder
    private var descent: DirectoryCursor
    private var trail: LinkTrail
    /// Links to folders that are not followed, with their own status.
    private var cut: [(node: Int, link: FileStatus)] = []
    private var tree = FolderTree()
    private let queue: StatQueue
    /// The number of queued batches, and of those whose results are in the tree.
    private var handedIn = 0
    private var answered = 0
    /// Whether an entry was replaced during the walk.
    private var hasChanged = false
    /// The remaining entries of the current folder and those above it.
    private var ahead: [Range<Int>] = []

    /// - Parameters:
    ///   - trail: an empty one.
    ///   - mostHelpers: how many tasks may help at the same time.
    /// - Returns: nil if the folder does not exist.
    init?(
        _ full: String, shownAs shown: String, by rule: ListingRule, _ trail: LinkTrail, mostHelpers: Int = 0
    ) throws(WorkspaceFailure) {
        let top = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard top >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw WorkspaceFailure("cannot read the folder '\(shown)'", errno: errno)
        }
        self.shown = shown
        self.rule = rule
        self.trail = trail
        descent = DirectoryCursor(top)
        self.top = descent.folder
        queue = StatQueue(mostHelpers: mostHelpers)
    }

    /// Lists every folder. Afterwards, remaining `stat` calls are made by helpers.
    ///
    /// - Parameter startHelp: called with the work of a helper.
    /// - Returns: false if folders were moved or replaced, which ends the walk.
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
            let isLink = tree.nodes[node].isFollowed
            if isLink {
                switch turn(at: node) {
                case .follow: break
                case .pass(let link):
                    cut.append((node, link))
                    continue
                case .replaced: return false
                }
            }
            let problem = tree.withName(of: node) { descent.enter($0, isLink: isLink) }
            if problem == ENOENT || problem == ENOTDIR || problem == ELOOP { return false }
            guard problem == 0 else { throw failure(node, problem) }
            try list(node, startHelp)
        }
        queue.finish()
        return true
    }

    /// The tree, after everything was listed and all helpers have ended; nil if something was replaced.
    consuming func finish() throws(WorkspaceFailure) -> FolderTree? {
        try takeAnswers()
        guard !hasChanged, answered == handedIn else { return nil }
        for (node, link) in cut { tree.cut(node, link) }
        return tree
    }

    private enum Turn {
        case follow
        /// The link counts by its path.
        case pass(FileStatus)
        case replaced
    }

    /// What to do with a link to a folder.
    private mutating func turn(at node: Int) -> Turn {
        let folder = descent.descriptor
        let (link, target) = tree.withName(of: node) {
            (FileStatus.of($0, in: folder), FileStatus.of($0, in: folder, followsLink: true))
        }
        guard let link, link.kind == .link, let target, target.kind == .folder else { return .replaced }
        return trail.mayFollow(to: target.stamp.identity, from: top.descriptor) ? .follow : .pass(link)
    }

    private mutating func list(
        _ node: Int, _ startHelp: (@escaping @Sendable () -> Void) -> Void
    ) throws(WorkspaceFailure) {
        if rule.followsLinks, let identity = descent.identity { trail.list(identity) }
        let path = rule.filter?.needsFolders == true && node >= 0 ? tree.shownPath(of: node) : ""
        guard let listing = FolderListing(descriptor: descent.descriptor, by: rule, in: path) else {
            throw failure(node, errno)
        }
        let nodes = tree.append(listing, in: node)
        if let strange = nodes.first(where: { tree.nodes[$0].kind == .other }) {
            throw WorkspaceFailure(
                "'\(shown)/\(tree.shownPath(of: strange))' is not a file, folder or link (but a FIFO, socket or "
                    + "device). Remove it from the folder.")
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
        return WorkspaceFailure("cannot read the folder '\(path)'", errno: number)
    }
}
