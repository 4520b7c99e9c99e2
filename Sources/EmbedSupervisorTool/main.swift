// Compiles C sources into one small program and writes it as Swift, so that `runs` carries it wherever it goes. SwiftPM
// could compile it too, but links every program with Swift's library, which is what this one is to be without.
// Usage: EmbedSupervisorTool OUTPUT CLANG FILE.c …

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
compilation.arguments = ["-Os", "-s", "-I", folder.appending(path: "include").path, "-o", program] + sources
try compilation.run()
compilation.waitUntilExit()
guard compilation.terminationStatus == 0 else { fail("the supervisor could not be compiled.") }

let bytes = try Data(contentsOf: URL(fileURLWithPath: program))
try FileManager.default.removeItem(atPath: program)
let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
let source = """
    // Generated from Sources/CSupervisor by EmbedSupervisorTool.

    extension SupervisorProgram {
        /// Two digits a byte: the compiler takes one long string in no time, and thousands of numbers in minutes.
        static let hexadecimal: StaticString = "\(digits)"
    }

    """
try source.write(toFile: output, atomically: true, encoding: .utf8)
