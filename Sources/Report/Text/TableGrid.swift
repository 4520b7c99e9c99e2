// A table laid out in columns. Knows widths and borders; does not know what the cells, which are finished text, mean.

struct TableGrid {
    var heads: [String]
    var rows: [[String]]
    var rightAligned: [Bool]

    /// To fit a terminal, columns are not made narrower than this; whole columns are omitted instead.
    private static let leastColumnWidth = 8
    /// The longest number.
    private static let mostFigureWidth = 24

    /// With Unicode borders, as `sqlite3 -box`; truncated to `width` terminal columns if given.
    func box(width: Int?) -> String {
        guard let width else { return box(columnWidths: naturalWidths) }
        let grid = leavingOutColumns(toFit: width)
        return grid.box(columnWidths: grid.widths(fitting: width))
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
        return text
    }

    private func box(columnWidths widths: [Int]) -> String {
        func rule(_ left: String, _ middle: String, _ right: String) -> String {
            left + widths.map { String(repeating: "─", count: $0 + 2) }.joined(separator: middle) + right + "\n"
        }
        let centred = zip(heads, widths).map { head, width in
            let text = truncated(head, to: width)
            return String(repeating: " ", count: max(0, width - displayWidth(text)) / 2) + text
        }
        let header = TableGrid(heads: [], rows: [], rightAligned: heads.map { _ in false })
        var text = rule("┌", "┬", "┐")
        text += header.line(centred, widths, edge: "│")
        text += rule("├", "┼", "┤")
        for row in rows { text += line(row, widths, edge: "│") }
        return text + rule("└", "┴", "┘")
    }

    private func line(_ cells: [String], _ widths: [Int], edge: String) -> String {
        var text = edge
        for (index, cell) in cells.enumerated() {
            // Names often start alike and differ at their end.
            let cut = index == namingColumn ? cutInMiddle(cell, to: widths[index]) : truncated(cell, to: widths[index])
            text += " " + padded(cut, to: widths[index], right: rightAligned[index])
            text += " " + edge
        }
        return text + "\n"
    }

    /// The first text column, which names the row.
    private var namingColumn: Int? { rightAligned.firstIndex(of: false) }

    /// Minimum widths: numbers are not truncated, since a part of a number is another number; the naming column keeps a
    /// third of the table, others a few characters.
    private func leastWidths(_ natural: [Int], in width: Int) -> [Int] {
        natural.indices.map { column in
            if rightAligned[column] { return min(natural[column], Self.mostFigureWidth) }
            return min(
                natural[column], column == namingColumn ? max(Self.leastColumnWidth, width / 3) : Self.leastColumnWidth)
        }
    }

    private var naturalWidths: [Int] {
        heads.indices.map { column in rows.reduce(displayWidth(heads[column])) { max($0, displayWidth($1[column])) } }
    }

    /// Columns taken by borders and padding.
    private static func frame(_ columns: Int) -> Int { 3 * columns + 1 }

    /// If the columns do not fit even at their minimum widths: the first that do, and one of `…` for the rest.
    private func leavingOutColumns(toFit width: Int) -> TableGrid {
        let least = leastWidths(naturalWidths, in: width)
        guard least.reduce(Self.frame(least.count), +) > width else { return self }
        var used = Self.frame(1) + 1
        var count = 0
        while count < least.count, used + least[count] + 3 <= width {
            used += least[count] + 3
            count += 1
        }
        count = max(1, count)
        guard count < heads.count else { return self }
        return TableGrid(
            heads: heads.prefix(count) + ["…"], rows: rows.map { $0.prefix(count) + ["…"] },
            rightAligned: rightAligned.prefix(count) + [false])
    }

    /// Widths whose sum fits: the widest columns reduced to a common bound, none below its minimum; the remainder goes
    /// to the first columns.
    private func widths(fitting width: Int) -> [Int] {
        let natural = naturalWidths
        let total = width - Self.frame(heads.count)
        guard natural.reduce(0, +) > total else { return natural }
        let least = leastWidths(natural, in: width)
        func bounded(_ bound: Int) -> [Int] { zip(natural, least).map { max($1, min($0, bound)) } }
        var bound = 1
        while bound < total, bounded(bound + 1).reduce(0, +) <= total { bound += 1 }
        var result = bounded(bound)
        var left = total - result.reduce(0, +)
        // If not even the first column fits, truncate it nevertheless.
        if left < 0 { result[0] = max(1, result[0] + left) }
        for column in result.indices where left > 0 && result[column] < natural[column] {
            result[column] += 1
            left -= 1
        }
        return result
    }

    private static func markdownCell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
