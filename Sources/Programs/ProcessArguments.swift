// The arguments of this process. Knows where the C library keeps them; does not know what they mean.

import CLinux

/// The words of the command line, the program's name first.
public func processArguments() -> [String] {
    var count: Int32 = 0
    let words = clinux_arguments(&count)
    return (0..<Int(count)).compactMap { words[$0].map { String(cString: $0) } }
}
