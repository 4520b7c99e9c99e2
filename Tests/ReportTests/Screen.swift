// A terminal as far as the live display needs one: printing, new lines, moving up, erasing downwards. It checks that no
// line is wider than the screen, for a real terminal would wrap it and the next erasure would miss.

struct Screen {
    let columns: Int
    private(set) var lines: [String] = [""]
    private(set) var isCursorHidden = false
    private(set) var widest = 0
    private var row = 0

    init(columns: Int) { self.columns = columns }

    /// What is visible, without trailing empty lines.
    var text: String {
        var visible = lines
        while visible.last?.isEmpty ?? false { visible.removeLast() }
        return visible.joined(separator: "\n")
    }

    mutating func print(_ output: String) {
        var rest = output.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\n":
                widest = max(widest, lines[row].count)
                row += 1
                if row == lines.count { lines.append("") }
                lines[row] = lines[row]
            case "\u{1b}": obey(&rest)
            default: lines[row].unicodeScalars.append(scalar)
            }
        }
    }

    private mutating func obey(_ rest: inout Substring.UnicodeScalarView) {
        guard rest.popFirst() == "[" else { return }
        var parameter = ""
        while let scalar = rest.popFirst() {
            guard scalar.properties.isAlphabetic else {
                parameter.unicodeScalars.append(scalar)
                continue
            }
            switch (scalar, parameter) {
            case ("A", _): row = max(0, row - (Int(parameter) ?? 1))
            case ("J", ""):
                lines.removeSubrange(row...)
                lines.append("")
            case ("l", "?25"): isCursorHidden = true
            case ("h", "?25"): isCursorHidden = false
            default: break
            }
            return
        }
    }
}
