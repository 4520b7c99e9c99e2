// Several processes that use one store, and stores in read-only folders.

import Glibc
import Model
import TestSupport
import Testing

@testable import Store

struct SharingTests {
    let project: Project
    init() throws { project = try Project() }

    @Test func concurrentCreationMakesOneStore() async throws {
        let path = project.storePath
        let salts = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<8 { group.addTask { try Store.open(path: path, access: .write).salt } }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(salts.count == 1)
        #expect(project.files == ["runs.db"])
    }

    @Test func writersWaitForEachOther() async throws {
        let path = project.storePath
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<2 {
                group.addTask {
                    let store = try Store.open(path: path, access: .write)
                    let run = try store.beginRun(runStart("p\(writer)"), liveness: liveness)
                    for stage in 0..<200 {
                        let id = try store.begin(
                            start(
                                "s\(stage)", inputs: [recorded("i", "in\(stage)", stage)],
                                outputs: ["\(writer)/\(stage)"]),
                            run: run, pipeline: "p\(writer)")
                        try store.finish(success(id, outputs: [recorded("o", "\(writer)/\(stage)", stage)]))
                    }
                    try store.finishRun(
                        run, status: .succeeded, counts: RunCounts(), finishedAt: time(9), wallSeconds: 9)
                }
            }
            try await group.waitForAll()
        }
        let rows = try project.store(.read).rows(
            "SELECT pipeline, count(*) FROM executions GROUP BY pipeline ORDER BY pipeline")
        #expect(rows == [[.text("p0"), .integer(200)], [.text("p1"), .integer(200)]])
    }

    static var canMount: Bool {
        guard geteuid() == 0 else { return true }
        guard let project = try? Project(), mount(project.folder, project.folder, "", UInt(MS_BIND), nil) == 0 else {
            return false
        }
        umount2(project.folder, Int32(MNT_DETACH))
        return true
    }

    @Test(.enabled(if: canMount, "a read-only folder cannot be had here: root may not mount"))
    func aReadOnlyFolderIsReadInPlace() throws {
        do {
            let store = try project.store()
            _ = try store.beginRun(runStart(), liveness: liveness)
        }
        #expect(project.files == ["runs.db"])
        try project.readOnly { () throws in
            #expect(try project.store(.read).rows("SELECT status FROM runs") == [[.text("running")]])
            #expect(project.files == ["runs.db"])
            let message = sentence { _ = try project.store(.write) }
            #expect(message.contains("writable"), "\(message)")
        }
    }

    @Test(.enabled(if: canMount, "a read-only folder cannot be had here: root may not mount"))
    func theLogIsReadInAReadOnlyFolder() throws {
        // The files of a store that was left in the middle: copied while it is open.
        let live = try Project()
        let store = try live.store()
        _ = try store.beginRun(runStart(), liveness: liveness)
        for name in ["runs.db", "runs.db-wal"] { try project.write(name, bytes: try live.bytes(of: name)) }
        #expect(try project.bytes(of: "runs.db-wal").isEmpty == false)
        try project.readOnly { () throws in
            let copies = temporaryCopies()
            do {
                let reader = try project.store(.read)
                #expect(try reader.rows("SELECT status FROM runs") == [[.text("running")]])
            }
            // Other tests may have copies of their own for a moment.
            try wait(for: "the copy to be gone") { temporaryCopies().subtracting(copies).isEmpty }
            #expect(project.files == ["runs.db", "runs.db-wal"])
        }
    }

    private func temporaryCopies() -> Set<String> {
        guard let directory = opendir("/tmp") else { return [] }
        defer { closedir(directory) }
        var names: Set<String> = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("runs-reading-") { names.insert(name) }
        }
        return names
    }
}
