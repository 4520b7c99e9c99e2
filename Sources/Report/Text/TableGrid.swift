// A table laid out in columns. Knows widths and borders, and what to leave out on a narrow terminal; does not know what
// the cells, which are finished text, mean.

struct TableGrid {
    var heads: [String]
    var rows: [[String]]
    var rightAligned: [Bool]
    /// Columns that name a row, the most important first.
    var names: [Int] = []
    var answers: Set<Int> = []
    var compared: (Int, Int)?
    /// Below the table: what is the same in all rows, and columns that found no room.
    var same: [(name: String, value: String)] = []
    private var hidden: [String] = []
    /// What the first name keeps of the width, if no answer has to be left out for it.
    private var comfort = 0

    init(heads: [String], rows: [[String]], rightAligned: [Bool]) {
        self.heads = heads
        self.rows = rows
        self.rightAligned = rightAligned
    }

    /// To fit a terminal, columns are not made narrower than this; whole columns are omitted instead.
    private static let leastColumnWidth = 8
    /// The longest number, and the longest answer that is not truncated.
    private static let mostFigureWidth = 24

    /// With Unicode borders, as `sqlite3 -box`; at most `width` terminal columns wide if given. If it does not fit,
    /// columns that are the same in all rows are left out first, then others, and the rest are truncated.
    func box(width: Int?) -> String {
        var grid = self
        if grid.names.isEmpty { grid.names = grid.rightAligned.firstIndex(of: false).map { [$0] } ?? [] }
        guard let width else { return grid.box(columnWidths: grid.naturalWidths) + grid.remarks(width: nil) }
        grid.comfort = width / 3
        if !grid.fits(width) { grid.leaveOutConstants() }
        if !grid.fits(width) { grid.leaveOutColumns(toFit: width) }
        return grid.box(columnWidths: grid.widths(fitting: width)) + grid.remarks(width: width)
    }

    func markdown() -> String {
        let escaped = TableGrid(
            heads: heads.map(Self.markdownCell), rows: rows.map { $0.map(Self.markdownCell) },
            rightAligned: rightAligned)
        let widths = zip(escaped.naturalWidths, rightAligned).map { max($0, $1 ? 2 : 1) }
        let rule = zip(widths, rightAligned).map { width, right in
            String(repeating: "-", count: right ? width + 1 : width + 2) + (right ? ":" : "")
        }
        var text = escaped.line(escaped.heads, widths, edge: "|")
        text += "|" + rule.joined(separator: "|") + "|\n"
        for row in escaped.rows { text += escaped.line(row, widths, edge: "|") }
        return text + (same.isEmpty ? "" : "\n" + remarks(width: nil))
    }

    /// Whether it fits without leaving out or truncating anything.
    func fits(_ width: Int) -> Bool { naturalWidths.reduce(Self.frame(heads.count), +) <= width }

    // MARK: - Lines

    private func box(columnWidths widths: [Int]) -> String {
        func rule(_ left: String, _ middle: String, _ right: String) -> String {
            left + widths.map { String(repeating: "─", count: $0 + 2) }.joined(separator: middle) + right + "\n"
        }
        let centred = zip(heads, widths).map { head, width in
            let text = truncated(head, to: width)
            return String(repeating: " ", count: max(0, width - displayWidth(text)) / 2) + text
        }
        var text = rule("┌", "┬", "┐")
        text += TableGrid(heads: [], rows: [], rightAligned: heads.map { _ in false }).line(centred, widths, edge: "│")
        text += rule("├", "┼", "┤")
        let natural = naturalWidths
        var cuttings: [Int: NameCutting] = [:]
        for column in names where widths[column] < natural[column] {
            cuttings[column] = cutting(of: column)
        }
        for row in rows {
            var cells = row
            for (column, cutting) in cuttings { cells[column] = cutting.cut(row[column], to: widths[column]) }
            if let (first, second) = compared {
                let cut = cutAtDifference(row[first], row[second], to: (widths[first], widths[second]))
                (cells[first], cells[second]) = cut
            }
            text += line(cells, widths, edge: "│")
        }
        return text + rule("└", "┴", "┘")
    }

    private func line(_ cells: [String], _ widths: [Int], edge: String) -> String {
        var text = edge
        for (index, cell) in cells.enumerated() {
            text += " " + padded(truncated(cell, to: widths[index]), to: widths[index], right: rightAligned[index])
            text += " " + edge
        }
        return text + "\n"
    }

    /// `same in all rows: epochs=40, seed=1` and `not shown: started`, wrapped.
    private func remarks(width: Int?) -> String {
        func paragraph(_ opening: String, _ items: [String]) -> String {
            guard !items.isEmpty else { return "" }
            var lines = [opening]
            for (index, item) in items.enumerated() {
                let text = " " + item + (index + 1 < items.count ? "," : "")
                if let width, displayWidth(lines[lines.count - 1] + text) > width {
                    lines.append(" " + text)
                } else {
                    lines[lines.count - 1] += text
                }
            }
            if let width { lines = lines.map { truncated($0, to: width) } }
            return lines.joined(separator: "\n") + "\n"
        }
        return paragraph("same in all rows:", same.map { "\($0.name)=\(cutInMiddle($0.value, to: 40))" })
            + paragraph("not shown (use --format):", hidden)
    }

    // MARK: - Leaving out

    /// Columns that are the same in all rows, unless they are what was asked for. At least one column stays.
    private mutating func leaveOutConstants() {
        guard rows.count > 1, let first = rows.first else { return }
        var constants = heads.indices.filter { column in
            !answers.contains(column) && rows.allSatisfy { $0[column] == first[column] }
        }
        if constants.count == heads.count { constants.removeFirst() }
        same += constants.filter { !first[$0].isEmpty }.map { (heads[$0], first[$0]) }
        remove(constants)
    }

    /// If the columns do not fit even at their least widths: the last are left out, answers and the first name at the
    /// end.
    private mutating func leaveOutColumns(toFit width: Int) {
        var least = leastWidths
        var removed: Set<Int> = []
        var used = least.reduce(Self.frame(least.count), +)
        func leaveOut(_ columns: some Sequence<Int>) {
            for column in columns where used > width && removed.count + 1 < heads.count && !removed.contains(column) {
                removed.insert(column)
                used -= least[column] + 3
            }
        }
        leaveOut(heads.indices.reversed().filter { !answers.contains($0) && !names.contains($0) })
        if used > width {
            comfort = 0
            least = leastWidths
            used = Self.frame(0) + heads.indices.reduce(0) { $0 + (removed.contains($1) ? 0 : least[$1] + 3) }
        }
        // Figures that are compared say nothing without their names.
        if compared == nil { leaveOut(heads.indices.reversed().filter { $0 != names.first }) }
        hidden += removed.sorted().map { heads[$0] }
        remove(Array(removed))
    }

    private mutating func remove(_ columns: [Int]) {
        let left = heads.indices.filter { !columns.contains($0) }
        let places = Dictionary(zip(left, left.indices)) { first, _ in first }
        heads = left.map { heads[$0] }
        rows = rows.map { row in left.map { row[$0] } }
        rightAligned = left.map { rightAligned[$0] }
        names = names.compactMap { places[$0] }
        if names.isEmpty { names = rightAligned.firstIndex(of: false).map { [$0] } ?? [] }
        answers = Set(answers.compactMap { places[$0] })
        compared = compared.flatMap { pair in places[pair.0].flatMap { first in places[pair.1].map { (first, $0) } } }
    }

    // MARK: - Widths

    /// Numbers and answers are not truncated, since a part of a number is another number; names stay different, and the
    /// first keeps a third of the table; other columns keep a few characters.
    private var leastWidths: [Int] {
        let natural = naturalWidths
        return natural.indices.map { column in
            if rightAligned[column] { return min(natural[column], Self.mostFigureWidth) }
            var least = Self.leastColumnWidth
            if names.contains(column) { least = max(least, cutting(of: column).leastWidth) }
            if column == names.first { least = max(least, comfort) }
            if answers.contains(column) { least = max(least, compared == nil ? Self.mostFigureWidth : 12) }
            return min(natural[column], least)
        }
    }

    private var naturalWidths: [Int] {
        heads.indices.map { column in rows.reduce(displayWidth(heads[column])) { max($0, displayWidth($1[column])) } }
    }

    /// Columns taken by borders and padding.
    private static func frame(_ columns: Int) -> Int { 3 * columns + 1 }

    /// Widths whose sum fits: the widest columns reduced to a common bound, none below its minimum; the remainder goes
    /// to the first columns.
    private func widths(fitting width: Int) -> [Int] {
        let natural = naturalWidths
        let total = width - Self.frame(heads.count)
        guard natural.reduce(0, +) > total else { return natural }
        let least = leastWidths
        func bounded(_ bound: Int) -> [Int] { zip(natural, least).map { max($1, min($0, bound)) } }
        var bound = 1
        while bound < total, bounded(bound + 1).reduce(0, +) <= total { bound += 1 }
        var result = bounded(bound)
        var left = total - result.reduce(0, +)
        // If not even the least widths fit, truncate the widest nevertheless.
        while left < 0, let widest = result.indices.max(by: { result[$0] < result[$1] }), result[widest] > 1 {
            result[widest] -= 1
            left += 1
        }
        for column in result.indices where left > 0 && result[column] < natural[column] {
            result[column] += 1
            left -= 1
        }
        return result
    }

    /// Further names need only differ among rows of the same first name.
    private func cutting(of column: Int) -> NameCutting {
        let groups = names.first.flatMap { first in first == column ? nil : rows.map { $0[first] } }
        return NameCutting(rows.map { $0[column] }, groups: groups)
    }

    private static func markdownCell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
