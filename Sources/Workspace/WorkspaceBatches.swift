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
        await readAhead(asked.filter { $0.mode == .content }.map(\.path))
        let results = await inParallel(asked.count, chunk: chunk(asked.count)) { index in
            Result { () throws(WorkspaceFailure) in
                try self.fingerprint(of: asked[index].path, mode: asked[index].mode)
            }
        }
        return order.map { results[$0] }
    }

    /// Reads what is new in folders, so that the cores share even a single one. Whatever goes wrong is left to be met
    /// again where it can be told.
    private func readAhead(_ paths: [String]) async {
        let surveys = await inParallel(paths.count, chunk: chunk(paths.count)) { index in
            (paths[index], try? self.survey(paths[index]))
        }
        var pieces: [(survey: Int, nodes: Range<Int>)] = []
        for (index, survey) in surveys.enumerated() {
            guard let (_, tree, unread) = survey.1 else { continue }
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
            let (path, survey) = surveys[work[index].survey]
            guard let (full, tree, unread) = survey else { return }
            _ = try? self.read(unread[work[index].nodes], of: tree, at: full, shownAs: path) { _, _ in }
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
