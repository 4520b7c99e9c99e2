// Which paths in an input's folder the input leaves out. Knows paths; does not know the disk.

import Model

struct InsideFilter {
    /// With a slash at the end; empty for the pipeline's folder.
    private let folder: String
    private let filter: ExclusionFilter

    /// nil if nothing is left out.
    init?(_ input: Input) {
        let exclusions = input.exclusions.applied(to: input.path)
        if exclusions == .none { return nil }
        let top = input.isGlob ? GlobPattern(input.path).literalPrefix : input.path
        folder = top.isEmpty || top == "." ? "" : top.hasSuffix("/") ? top : top + "/"
        filter = ExclusionFilter(exclusions)
    }

    /// Whether the path is in the folder, and left out.
    func omits(_ path: String) -> Bool {
        path.hasPrefix(folder) && filter.omits(path: String(path.dropFirst(folder.count)))
    }
}
