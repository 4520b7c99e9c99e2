// The folder that Python stages import modules from: whoever can write to it runs code as the user of the stages. Knows
// the folder; does not know the modules.

import Glibc
import Model
import Programs
import Workspace

extension Run {
    /// Creates the folder. One that others could write to, or made, is emptied first: any module in it may be theirs.
    func preparePythonFolder() throws(Failure) {
        let cache = "\(RunFiles.pythonFolder)/__pycache__"
        let wasOpen = [RunFiles.pythonFolder, cache].map { removeWriteAccessOfOthers("\(root)/\($0)") }
        try asFailure { () throws(WorkspaceFailure) in
            if wasOpen.contains(true) || isOfAnotherUser { try preparation.area.remove(RunFiles.pythonFolder) }
            // Python would create the cache with the permissions that the stage's umask leaves.
            try preparation.area.makeParents(of: "\(cache)/module")
        }
    }

    private var isOfAnotherUser: Bool {
        var status = stat()
        guard lstat("\(root)/\(RunFiles.pythonFolder)", &status) == 0 else { return false }
        return status.st_uid != geteuid() && status.st_uid != 0 || status.st_mode & S_IFMT == S_IFLNK
    }
}
