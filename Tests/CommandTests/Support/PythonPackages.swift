// Pythons that have packages from PyPI, for tests with programs that are not ours. Knows pip and virtual environments;
// knows nothing of what is done with the packages.

import Glibc
import TestSupport

/// A Python that can import the modules: `python3` where it can, else one in a virtual environment that is made once
/// and kept in the temporary folder. Nil where pip cannot install the packages.
///
/// - Parameters:
///   - modules: what stands after `import`.
///   - packages: as pip takes them, with spaces.
func pythonWith(_ modules: String, packages: String) -> String? {
    if system("python3 -W ignore -c 'import \(modules)' > /dev/null 2>&1") == 0 { return "python3" }
    let name = String(packages.map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "-" })
    let folder = "\(environmentVariable("TMPDIR") ?? "/tmp")/runs-test-\(name)-\(getuid())"
    let python = "\(folder)/bin/python3"
    let check = "'\(python)' -W ignore -c 'import \(modules)'"
    let make = "python3 -m venv '\(folder)' && timeout 240 '\(python)' -m pip install -q \(packages)"
    return system("{ \(check) || { \(make) && \(check); }; } > /dev/null 2>&1") == 0 ? python : nil
}
