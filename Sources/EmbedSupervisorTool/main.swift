// Compiles C sources into a small program and generates Swift source with its bytes, so that `runs` contains it.
// SwiftPM would link the program with Swift's libraries, which need much memory. Knows the compiler; does not know the
// supervisor. Usage: EmbedSupervisorTool OUTPUT CLANG FILE.c …

import Foundation

func fail(_ sentence: String) -> Never {
    FileHandle.standardError.write(Data("error: \(sentence)\n".utf8))
    exit(1)
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count > 2 else { fail("usage: EmbedSupervisorTool OUTPUT CLANG FILE.c …") }
let (output, clang, sources) = (arguments[1], arguments[2], arguments.dropFirst(2))
let program = output + ".program"
let folder = URL(fileURLWithPath: sources.first ?? "").deletingLastPathComponent()

let compilation = Process()
compilation.executableURL = URL(fileURLWithPath: clang)
compilation.arguments =
    ["-Os", "-s", "-Wall", "-Wextra", "-Werror", "-I", folder.appending(path: "include").path, "-o", program] + sources
try compilation.run()
compilation.waitUntilExit()
guard compilation.terminationStatus == 0 else { fail("cannot compile the supervisor.") }

let bytes = try Data(contentsOf: URL(fileURLWithPath: program))
try FileManager.default.removeItem(atPath: program)
let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
let source = """
    // Generated from Sources/CSupervisor by EmbedSupervisorTool.

    extension SupervisorProgram {
        /// Two digits per byte: the compiler is fast with one long string, but slow with thousands of numbers.
        static let hexadecimal: StaticString = "\(digits)"
    }

    """
try source.write(toFile: output, atomically: true, encoding: .utf8)
