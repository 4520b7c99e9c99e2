// Many paths at once, on all cores: shares out the reading, also of the files inside one folder.

import Glibc
import Model

extension Workspace {
    /// `fingerprint(of:mode:)` of many paths, in the order asked; each is read once, however often it is asked for.
    public func fingerprints(
        of requests: [(path: String, mode: DigestMode)]
    ) async -> [Result<Fingerprint?, WorkspaceFailure>] {
        struct Request: Hashable {
            let path: String
            let mode: DigestMode
        }
        var places: [Request: Int] = [:]
        var distinct: [Request] = []
        let order = requests.map { request in
            let request = Request(path: request.path, mode: request.mode)
            if let place = places[request] { return place }
            places[request] = distinct.count
            distinct.append(request)
            return distinct.count - 1
        }
        let asked = distinct
        let first = await inParallel(asked.count, chunk: chunk(asked.count)) { index -> Step in
            let (path, mode) = (asked[index].path, asked[index].mode)
            do throws(WorkspaceFailure) {
                let status = try FileStatus.of(self.absolute(path), shownAs: path)
                if mode == .content, let status, status.kind == .folder,
                    let survey = try self.survey(path, status.stamp)
                {
                    guard let found = self.fingerprint(of: survey.tree, status.stamp, mode, shownAs: path) else {
                        return .folder(path, survey.tree, survey.unread)
                    }
                    return .done(.success(found))
                }
                return .done(.success(try self.fingerprint(of: path, mode: mode, seen: status)))
            } catch {
                return .done(.failure(error))
            }
        }
        await readAhead(first)
        // What was found of files is known; what was read of folders is put together.
        let results = await inParallel(asked.count, chunk: chunk(asked.count)) { index in
            if case .done(let result) = first[index] { return result }
            return Result { () throws(WorkspaceFailure) in
                try self.fingerprint(of: asked[index].path, mode: asked[index].mode)
            }
        }
        return order.map { results[$0] }
    }

    private enum Step: Sendable {
        case done(Result<Fingerprint?, WorkspaceFailure>)
        /// A folder that was walked, with the nodes that must be read.
        case folder(String, FolderTree, [Int])
    }

    /// Reads what is new in folders, so that the cores share even a single one. Whatever goes wrong is left to be met
    /// again where it can be told.
    private func readAhead(_ steps: [Step]) async {
        var pieces: [(step: Int, nodes: Range<Int>)] = []
        for (index, step) in steps.enumerated() {
            guard case .folder(_, let tree, let unread) = step else { continue }
            var (start, bytes) = (0, Int64(0))
            for (position, node) in unread.enumerated() {
                bytes += tree.nodes[node].stamp.sizeBytes
                guard bytes > 8 << 20 || position + 1 - start == 128 || position + 1 == unread.count else { continue }
                pieces.append((index, start..<position + 1))
                (start, bytes) = (position + 1, 0)
            }
        }
        let work = pieces
        _ = await inParallel(work.count, chunk: 1) { index in
            guard case .folder(let path, let tree, let unread) = steps[work[index].step] else { return }
            _ = try? self.read(unread[work[index].nodes], of: tree, at: self.absolute(path), shownAs: path) { _, _ in }
        }
    }

    /// Small enough to share the work evenly, large enough that handing it out costs nothing.
    private func chunk(_ count: Int) -> Int { max(1, min(256, count / 64)) }

    /// The results for 0 ..< count, in order, from as many child tasks as there are processors.
    private func inParallel<T: Sendable>(
        _ count: Int, chunk: Int, _ body: @escaping @Sendable (Int) -> T
    ) async -> [T] {
        await withTaskGroup(of: (start: Int, results: [T]).self) { group in
            var next = 0
            func addTask() {
                let range = next..<min(next + chunk, count)
                next = range.upperBound
                group.addTask { (range.lowerBound, range.map(body)) }
            }
            for _ in 0..<Self.processors where next < count { addTask() }
            var parts: [(start: Int, results: [T])] = []
            for await part in group {
                parts.append(part)
                if next < count { addTask() }
            }
            return parts.sorted { $0.start < $1.start }.flatMap(\.results)
        }
    }

    private static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
