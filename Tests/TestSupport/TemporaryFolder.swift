// A real folder for one test. Knows mkdtemp; does not know what is put into it.

import Foundation
import Glibc

/// A fresh folder, deleted when the test lets go of it.
public final class TemporaryFolder: TestFolder {
    public let folder: String

    /// - Parameter parent: Where it is made; nil is `TMPDIR`, or else `/tmp`.
    public init(under parent: String? = nil) throws {
        let parent = parent ?? environmentVariable("TMPDIR") ?? "/tmp"
        var template = Array("\(parent)/runs-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, let resolved = realpath(template, nil) else {
            throw HarnessError.system("cannot make a temporary folder in \(parent)")
        }
        defer { free(resolved) }
        folder = String(cString: resolved)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }
}
