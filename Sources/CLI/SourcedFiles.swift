// Warnings about files that the scripts of stages source: they are inputs that nothing discovers. Looks only at stages
// that will or may run.

import Coordinator
import Glibc
import Model
import PipelineFormat

extension RunPreparation {
    /// One warning for each template and file.
    func warningsAboutSourcedFiles(file: String) -> [String] {
        /// By program: the words that it sources.
        var known: [String: [String]] = [:]
        var seen = Set<String>()
        var warnings: [String] = []
        let graph = request.graph
        for (index, stage) in graph.stages.enumerated() {
            guard [.run, .mayRun].contains(plan.decisions[index].verdict),
                let program = stage.inputs.first(where: { $0.name == "program" })?.path
            else { continue }
            let words = known[program] ?? sourcedFiles(inScript: text(ofProgram: program), named: program)
            known[program] = words
            for word in words where !word.hasPrefix("/") {
                let path = normalized(stage.workingDirectory.map { "\($0)/\(word)" } ?? word)
                guard !path.hasPrefix("../"), !isNamed(path, by: stage), isFile(path),
                    seen.insert("\(stage.template)\0\(path)").inserted
                else { continue }
                warnings.append(
                    "\(file): stages.\(stage.template): its program '\(program)' sources the file '\(path)', which is "
                        + "neither an input nor an output, so changes to it are not detected; add it to \"inputs\".")
            }
        }
        return warnings
    }

    /// The beginning of it: enough for a script that sources others.
    private func text(ofProgram path: String) -> String {
        let descriptor = open(absolute(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }

    private func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(absolute(path), &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private func isNamed(_ path: String, by stage: Stage) -> Bool {
        let named = stage.inputs.map { ($0.path, $0.isGlob) } + stage.outputs.map { ($0.path, false) }
        return named.contains { name, isGlob in
            path == name || path.hasPrefix(name + "/") || isGlob && GlobPattern(name).matches(path)
        }
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(request.root)/\(path)" }
}
