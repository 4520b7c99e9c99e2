// `runs init`: creates a small pipeline that runs. Knows the starter files; overwrites nothing.

import ArgumentParser
import Glibc
import Model

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Create a small pipeline to start from.")

    @Argument(help: "Folder to create it in")
    var folder = "."

    func run() throws {
        let files = [("pipeline.json", starterPipeline), ("stages/measure.py", starterScript)]
        if mkdir(folder, 0o777) != 0, errno != EEXIST {
            throw Failure(.usage, "cannot create folder '\(folder)': \(String(cString: strerror(errno)))")
        }
        for (name, _) in files where access("\(folder)/\(name)", F_OK) == 0 {
            throw Failure(.usage, "'\(folder)/\(name)' already exists (`runs init` does not overwrite files)")
        }
        mkdir("\(folder)/stages", 0o777)
        for (name, text) in files { try write(text, to: "\(folder)/\(name)") }
        let place = folder == "." ? "" : "cd \(shellQuoted(folder)) && "
        Terminal.standardOutput.writeLine(
            "Created \(files.map(\.0).joined(separator: " and ")). Next, run: \(place)runs exec")
    }

    private func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw Failure(.usage, "cannot write '\(path)': \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Failure(.usage, "cannot write '\(path)': \(String(cString: strerror(errno)))")
        }
    }
}

private let starterPipeline = #"""
    {
      // `runs exec` runs what changed; `runs schema` prints the schema of this file.
      "name": "first",
      "params": {"words": 1000},
      "stages": {
        "make": {
          "matrix": {"seed": [1, 2, 3]},
          "command": "python3 -c 'import random, sys; random.seed(sys.argv[1]); \#
    print(*(random.choice(\"abc\") for _ in range(int(sys.argv[2]))))' \#
    ${{ matrix.seed }} ${{ params.words }} > ${{ outputs.text }}",
          "outputs": {"text": "data/${{ matrix.seed }}.txt"}
        },
        "measure": {
          "matrix": {"seed": [1, 2, 3]},
          "command": ["python3", "stages/measure.py", "${{ inputs.text }}", "${{ outputs.metrics }}"],
          "inputs": {"text": {"from": "make.text"}},
          "outputs": {"metrics": {"path": "metrics/${{ matrix.seed }}.json", "metrics": true}}
        }
      }
    }

    """#

private let starterScript = """
    # Counts the words of a file and writes the counts as metrics; `runs best share.a` ranks them.
    import collections
    import json
    import sys

    source, target = sys.argv[1:]
    counts = collections.Counter(open(source).read().split())
    json.dump({"words": sum(counts.values()), "share": {w: counts[w] / sum(counts.values()) for w in sorted(counts)}},
              open(target, "w"))

    """
