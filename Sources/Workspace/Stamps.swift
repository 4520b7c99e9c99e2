// Compares the stamps of very many paths with the disk. Knows a path table, so that no path becomes a string; does not
// know what the paths are.

import Glibc
import Model

/// By path of the table: whether its stamp has changed or it does not exist. Uses all cores.
///
/// - Parameters:
///   - stamps: one for each path.
///   - root: the absolute path that relative paths start from.
public func changedPaths(of paths: PathTable, since stamps: [FileStamp], root: String) async -> [Bool] {
    let folder = open(root.isEmpty ? "/" : root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return Array(repeating: true, count: paths.count) }
    defer { close(folder) }
    // Less than a millisecond of work is not worth a second thread.
    let pieces = min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1 + paths.count / 1024)
    return await withTaskGroup(of: (Int, [Bool]).self) { group in
        for piece in 0..<pieces {
            let range = paths.count * piece / pieces..<paths.count * (piece + 1) / pieces
            group.addTask { (piece, changed(in: range, of: paths, since: stamps, folder: folder)) }
        }
        var results = [[Bool]](repeating: [], count: pieces)
        for await (piece, isChanged) in group { results[piece] = isChanged }
        return results.flatMap { $0 }
    }
}

private func changed(in range: Range<Int>, of paths: PathTable, since stamps: [FileStamp], folder: Int32) -> [Bool] {
    paths.bytes.withUnsafeBufferPointer { bytes in
        bytes.withMemoryRebound(to: CChar.self) { characters in
            range.map { index in
                guard let start = characters.baseAddress else { return true }
                var status = stat()
                // An absolute path ignores the folder.
                guard fstatat(folder, start + Int(paths.starts[index]), &status, 0) == 0 else { return true }
                return FileStatus(status).stamp != stamps[index]
            }
        }
    }
}
