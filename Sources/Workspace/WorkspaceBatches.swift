// Computes fingerprints of many paths on all cores, and also splits the files of one folder. Knows how to distribute
// the work; does not know how a file is read.

import Glibc
import Model

extension Workspace {
    /// `contents(at:scope:)` for many paths, in order; each is read once, even if it is listed several times.
    public func contents(
        of requests: [(path: String, scope: DigestScope)]
    ) async -> [Result<PathContents?, WorkspaceFailure>] {
        var places: [Request: Int] = [:]
        var distinct: [Request] = []
        let order = requests.map { request in
            let request = Request(path: request.path, scope: request.scope)
            if let place = places[request] { return place }
            places[request] = distinct.count
            distinct.append(request)
            return distinct.count - 1
        }
        let asked = distinct
        let first = await inParallel(asked.count, chunk: chunk(asked.count)) { range in
            range.map { self.look(asked[$0]) }
        }
        let folders = first.indices.compactMap { index in
            if case .folder(let stamp) = first[index] { (index, stamp) } else { nil }
        }
        var surveys = await inParallel(folders.count, chunk: 1) { range in
            var surveys: [Survey] = []
            for place in range {
                let (index, stamp) = folders[place]
                surveys.append(await self.survey(asked[index], stamp))
            }
            return surveys
        }
        await readAhead(&surveys)
        let surveyed = surveys
        let found = await inParallel(surveyed.count, chunk: 1) { range in
            range.map { self.contents(of: surveyed[$0]) }
        }
        var results = first.map {
            if case .done(let result) = $0 { result } else { Result<PathContents?, WorkspaceFailure>.success(nil) }
        }
        for ((index, _), result) in zip(folders, found) { results[index] = result }
        return order.map { results[$0] }
    }

    private struct Request: Hashable {
        let path: String
        let scope: DigestScope
    }

    private enum Look: Sendable {
        case done(Result<PathContents?, WorkspaceFailure>)
        case folder(FileStamp)
    }

    /// Reads a path unless it is a folder.
    private func look(_ request: Request) -> Look {
        do throws(WorkspaceFailure) {
            let status = try FileStatus.of(absolute(request.path), shownAs: request.path)
            if let status, status.kind == .folder { return .folder(status.stamp) }
            return .done(.success(try contents(at: request.path, scope: request.scope, seen: status)))
        } catch {
            return .done(.failure(error))
        }
    }

    /// A walked folder.
    private struct Survey: Sendable {
        let request: Request
        let stamp: FileStamp
        /// nil if the walk failed.
        var tree: FolderTree?
        /// The nodes to read.
        var unread: [Int] = []
    }

    /// Walks a folder with helpers.
    private func survey(_ request: Request, _ stamp: FileStamp) async -> Survey {
        let (full, shown, rule, trail) = (absolute(request.path), request.path, rule(for: request.scope), trail)
        let tree = await withTaskGroup { group -> FolderTree? in
            guard
                var walk = try? FolderWalk(
                    full, shownAs: shown, by: rule, trail, mostHelpers: Self.processors - 1),
                let isWhole = try? walk.listAll({ help in group.addTask { help() } })
            else { return nil }
            await group.waitForAll()
            return isWhole ? (try? walk.finish()) ?? nil : nil
        }
        guard var tree else { return Survey(request: request, stamp: stamp) }
        adoptKnown(&tree, folder: stamp)
        return Survey(request: request, stamp: stamp, tree: tree, unread: tree.unread(for: request.scope.mode))
    }

    /// Reads what is new in folders, splitting even a single folder among cores.
    private func readAhead(_ surveys: inout [Survey]) async {
        var pieces: [(survey: Int, nodes: Range<Int>)] = []
        for (index, survey) in surveys.enumerated() {
            guard let tree = survey.tree else { continue }
            var (start, bytes) = (0, Int64(0))
            for (position, node) in survey.unread.enumerated() {
                bytes += tree.stamps[node].sizeBytes
                guard bytes > 8 << 20 || position + 1 - start == 128 || position + 1 == survey.unread.count else {
                    continue
                }
                pieces.append((index, start..<position + 1))
                (start, bytes) = (position + 1, 0)
            }
        }
        let (work, given) = (pieces, surveys)
        let read = await inParallel(work.count, chunk: 1) { range in
            range.flatMap { index -> [(survey: Int, node: Int, known: KnownDigest)] in
                let survey = given[work[index].survey]
                guard let tree = survey.tree else { return [] }
                var found: [(Int, Int, KnownDigest)] = []
                _ = try? self.read(
                    survey.unread[work[index].nodes], of: tree, at: self.absolute(survey.request.path),
                    shownAs: survey.request.path
                ) { found.append((work[index].survey, $0, $1.known)) }
                return found
            }
        }
        for (survey, node, known) in read { surveys[survey].tree?.know(known, of: node) }
    }

    /// Combines the results. What failed is read again here, so that the error can be thrown.
    private func contents(of survey: Survey) -> Result<PathContents?, WorkspaceFailure> {
        let (path, scope) = (survey.request.path, survey.request.scope)
        if let tree = survey.tree, let found = contents(of: tree, survey.stamp, scope, shownAs: path) {
            return .success(found)
        }
        return Result { () throws(WorkspaceFailure) in try contents(at: path, scope: scope) }
    }

    /// Small enough to distribute the work evenly, large enough to make the overhead negligible.
    private func chunk(_ count: Int) -> Int { max(1, min(256, count / 64)) }

    /// The results for 0 ..< count, in order, from one child task per core.
    private func inParallel<T: Sendable>(
        _ count: Int, chunk: Int, _ body: @escaping @Sendable (Range<Int>) async -> [T]
    ) async -> [T] {
        await withTaskGroup(of: (start: Int, results: [T]).self) { group in
            var next = 0
            func addTask() {
                let range = next..<min(next + chunk, count)
                next = range.upperBound
                group.addTask { (range.lowerBound, await body(range)) }
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
