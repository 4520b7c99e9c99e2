// An index of all outputs by path: finds those at, above and below a path, and reports outputs that overlap. Knows
// paths; does not know inputs.

import JSON
import Model

/// One output of one stage.
struct OutputReference: Hashable {
    let stage: StageIndex
    let output: Int
}

struct OutputIndex {
    private var byPath: [String: OutputReference] = [:]
    /// The outputs below each wanted folder.
    private var below: [String: [OutputReference]] = [:]

    /// - Parameter wanted: folders that `below` will be called with; `.` is the pipeline's folder.
    init(_ drafts: [Draft], folders wanted: Set<String>, problems: ProblemList) {
        for (stage, draft) in drafts.enumerated() {
            for (output, made) in draft.outputs.enumerated() {
                let reference = OutputReference(stage: stage, output: output)
                if let other = byPath[made.output.path] {
                    Self.reportTwins(drafts, other, reference, problems)
                } else {
                    byPath[made.output.path] = reference
                }
                guard !wanted.isEmpty else { continue }
                for folder in folders(above: made.output.path) where wanted.contains(folder) {
                    below[folder, default: []].append(reference)
                }
            }
        }
        reportNested(drafts, problems)
    }

    func at(_ path: String) -> OutputReference? { byPath[path] }

    func below(_ folder: String) -> [OutputReference] { below[folder] ?? [] }

    /// The output at the path or a directory above it.
    func holder(of path: String) -> OutputReference? {
        if let reference = byPath[path] { return reference }
        for folder in folders(above: path) {
            if let reference = byPath[folder] { return reference }
        }
        return nil
    }

    private static func reportTwins(
        _ drafts: [Draft], _ first: OutputReference, _ second: OutputReference, _ problems: ProblemList
    ) {
        let (one, two) = (drafts[first.stage], drafts[second.stage])
        let output = two.outputs[second.output]
        let message: StageMessage
        if first.stage == second.stage {
            message = "the output '\(output.output.path)' is listed twice."
        } else if one.instance.template == two.instance.template {
            // The path lacks a matrix value. The message is the same for all stages, so it is reported once.
            let keys = two.instance.point.map { "${{ matrix.\($0.name) }}" }.joined(separator: " and ")
            message =
                "several stages of '\(two.document.name)' have the same output path; add \(keys) to it."
        } else {
            message =
                "the output '\(output.output.path)' is also an output of '\(one.name)'; use different paths."
        }
        problems.add(output.place, output.position, stage: two.name, message)
    }

    private func reportNested(_ drafts: [Draft], _ problems: ProblemList) {
        for (stage, draft) in drafts.enumerated() {
            for output in draft.outputs {
                for folder in folders(above: output.output.path) {
                    guard let outer = byPath[folder] else { continue }
                    let owner = outer.stage == stage ? "the same stage" : "'\(drafts[outer.stage].name)'"
                    problems.add(
                        output.place, output.position, stage: draft.name,
                        "the output '\(output.output.path)' is inside '\(folder)', an output of \(owner); outputs "
                            + "must not be nested.")
                    break
                }
            }
        }
    }
}

/// `a/b` and `a` of `a/b/c`, nearest first; then `.` for a path inside the pipeline's folder.
func folders(above path: String) -> [String] {
    guard path != "." else { return [] }
    var folders: [String] = []
    var end = path.utf8.endIndex
    while let slash = path.utf8[..<end].lastIndex(of: UInt8(ascii: "/")), slash != path.utf8.startIndex {
        folders.append(String(path[..<slash]))
        end = slash
    }
    if !leavesFolder(path) { folders.append(".") }
    return folders
}
