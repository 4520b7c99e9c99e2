// A small terminal emulator: it interprets the sequences of `LiveProgress`, and keeps what the user would see.
import Report

struct TerminalEmulator {
    let columns: Int
    let rows: Int
    /// Every line ever shown, scrolled off ones included; the screen is the last `rows` of them.
    private var lines: [[Character]] = [[]]
    private var row = 0
    private var column = 0
    private(set) var isCursorVisible = true
    /// Unknown sequences, and lines that did not fit.
    private(set) var complaints: [String] = []

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    /// Everything shown so far, without trailing blanks.
    var scrollback: String { text(of: lines) }
    var screen: String { text(of: lines.suffix(rows)) }
    var isAtLineStart: Bool { column == 0 && lines[row].isEmpty }

    mutating func feed(_ text: String) {
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\u{1b}": interpret(&scalars)
            case "\r": column = 0
            case "\n":
                column = 0
                row += 1
                if row == lines.count { lines.append([]) }
            default: put(scalar)
            }
        }
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        let character = Character(scalar)
        let width = displayWidth(String(character))
        if width == 0 { return }
        if column + width > columns { complaints.append("line wider than \(columns): \(String(lines[row]))") }
        while lines[row].count < column + width { lines[row].append(" ") }
        lines[row][column] = character
        // The second half of a wide character is a cell that shows nothing.
        if width == 2 { lines[row][column + 1] = "\u{200b}" }
        column += width
    }

    private mutating func interpret(_ scalars: inout ArraySlice<Unicode.Scalar>) {
        guard scalars.popFirst() == "[" else { return complaints.append("escape") }
        var parameter = ""
        while let scalar = scalars.popFirst() {
            if !("@"..."~").contains(scalar) {
                parameter.unicodeScalars.append(scalar)
                continue
            }
            switch (scalar, parameter) {
            case ("A", _): row = max(lines.count > rows ? lines.count - rows : 0, row - (Int(parameter) ?? 1))
            case ("K", ""): lines[row].removeSubrange(min(column, lines[row].count)...)
            case ("J", ""):
                lines[row].removeSubrange(min(column, lines[row].count)...)
                lines.removeSubrange((row + 1)...)
            case ("h", "?25"): isCursorVisible = true
            case ("l", "?25"): isCursorVisible = false
            case ("h", "?2026"), ("l", "?2026"), ("m", _): break
            default: complaints.append("unknown sequence [\(parameter)\(scalar)")
            }
            return
        }
    }

    private func text(of lines: some Sequence<[Character]>) -> String {
        lines.map { line in
            var line = line.filter { $0 != "\u{200b}" }
            while line.last == " " { line.removeLast() }
            return String(line)
        }.joined(separator: "\n")
    }
}
