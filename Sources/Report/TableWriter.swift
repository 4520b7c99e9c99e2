// Rows as text, in the forms that users of sqlite3 know. Knows columns and values; does not know where they go.

import Model

public enum TableFormat: String, CaseIterable, Sendable {
    case box, csv, tsv, json, jsonl, markdown, line, list
}

/// Writes a table row by row: forms that can be streamed give their text at once, `box` and `markdown` at the end.
public struct TableWriter {
    private let format: TableFormat
    private let columns: [String]
    private let width: Int?
    private var rows: [[TableValue]] = []
    private var rowCount = 0

    /// - Parameter width: columns of the terminal that a box must fit; nil: it may be as wide as it is.
    public init(format: TableFormat, columns: [String], width: Int?) {
        self.format = format
        self.columns = columns
        self.width = width
    }

    /// Takes a row; returns what can be printed now.
    public mutating func add(_ row: [TableValue]) -> String {
        defer { rowCount += 1 }
        switch format {
        case .box, .markdown:
            rows.append(row)
            return ""
        case .csv: return header(csvLine(columns)) + csvLine(row.map { $0.plainText })
        case .tsv: return header(tsvLine(columns)) + tsvLine(row.map { $0.plainText })
        case .list:
            return header(columns.map(sanitized).joined(separator: "|") + "\n")
                + row.map { sanitized($0.plainText) }.joined(separator: "|") + "\n"
        case .json: return (rowCount == 0 ? "[" : ",\n") + object(row)
        case .jsonl: return object(row) + "\n"
        case .line:
            let margin = columns.map { displayWidth(sanitized($0)) }.max() ?? 0
            let lines = zip(columns, row).map { name, value in
                "\(padded(sanitized(name), toWidth: margin, alignedRight: true)) = \(sanitized(value.plainText))\n"
            }
            return (rowCount == 0 ? "" : "\n") + lines.joined()
        }
    }

    /// What is left to print.
    public mutating func finish() -> String {
        switch format {
        case .box: return rowCount == 0 ? "" : box()
        case .markdown: return markdown()
        case .csv: return header(csvLine(columns))
        case .tsv: return header(tsvLine(columns))
        case .list: return header(columns.map(sanitized).joined(separator: "|") + "\n")
        case .json: return rowCount == 0 ? "[]\n" : "]\n"
        case .jsonl, .line: return ""
        }
    }

    /// Once, before the first row; at the end where there was none.
    private func header(_ text: String) -> String { rowCount == 0 ? text : "" }

    // MARK: - Lines

    /// RFC 4180, with the line ends of Unix.
    private func csvLine(_ fields: [String]) -> String {
        fields.map { field in
            let isPlain = !field.utf8.contains { $0 == 34 || $0 == 44 || $0 == 10 || $0 == 13 }
            return isPlain ? field : "\"" + field.replacing("\"", with: "\"\"") + "\""
        }.joined(separator: ",") + "\n"
    }

    private func tsvLine(_ fields: [String]) -> String {
        fields.map { field in
            field.replacing("\\", with: "\\\\").replacing("\t", with: "\\t").replacing("\n", with: "\\n")
                .replacing("\r", with: "\\r")
        }.joined(separator: "\t") + "\n"
    }

    private func object(_ row: [TableValue]) -> String {
        JSONValue.object(zip(columns, row).map { JSONValue.Member(name: $0, value: $1.json) }).text
    }

    // MARK: - Grids

    private func box() -> String {
        var widths = columnWidths()
        if let width { shrink(&widths, toFit: width) }
        func rule(_ left: String, _ middle: String, _ right: String) -> String {
            left + widths.map { String(repeating: "─", count: $0 + 2) }.joined(separator: middle) + right + "\n"
        }
        func line(_ cells: [String], alignedRight: [Bool]) -> String {
            let fitted = zip(zip(cells, widths), alignedRight).map { cell, right in
                " " + padded(cut(cell.0, toWidth: cell.1), toWidth: cell.1, alignedRight: right) + " "
            }
            return "│" + fitted.joined(separator: "│") + "│\n"
        }
        var text = rule("┌", "┬", "┐") + line(columns.map(sanitized), alignedRight: columns.map { _ in false })
        text += rule("├", "┼", "┤")
        for row in rows { text += line(row.map { sanitized($0.plainText) }, alignedRight: row.map(\.isNumber)) }
        return text + rule("└", "┴", "┘")
    }

    private func columnWidths() -> [Int] {
        var widths = columns.map { displayWidth(sanitized($0)) }
        for row in rows {
            for (index, value) in row.enumerated() { widths[index] = max(widths[index], displayWidth(sanitized(value.plainText))) }
        }
        return widths
    }

    /// Takes columns from the widest until the box fits or every column is down to a few.
    private func shrink(_ widths: inout [Int], toFit total: Int) {
        var excess = widths.reduce(0, +) + 3 * widths.count + 1 - total
        while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > 6 {
            let second = widths.indices.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
            let taken = min(excess, max(1, widths[widest] - max(second, 6)))
            widths[widest] -= taken
            excess -= taken
        }
    }

    private func markdown() -> String {
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
        func cell(_ text: String) -> String { sanitized(text).replacing("|", with: "\\|") }
        let isNumeric = columns.indices.map { index in rows.contains { $0[index].isNumber } }
        var text = line(columns.map(cell)) + "|" + isNumeric.map { $0 ? "---:|" : "---|" }.joined() + "\n"
        for row in rows { text += line(row.map { cell($0.plainText) }) }
        return text
    }
}

extension TableValue {
    /// NULL as nothing, a blob as hexadecimal digits.
    var plainText: String {
        switch self {
        case .null: ""
        case .integer(let value): String(value)
        case .real(let value): realText(value)
        case .text(let value): value
        case .blob(let bytes): hexadecimal(bytes)
        }
    }

    var isNumber: Bool {
        switch self {
        case .integer, .real: true
        case .null, .text, .blob: false
        }
    }

    fileprivate var json: JSONValue {
        switch self {
        case .null: .null
        case .integer(let value): .integer(value)
        case .real(let value): .double(value)
        case .text(let value): .string(value)
        case .blob(let bytes): .string(hexadecimal(bytes))
        }
    }
}

private func realText(_ value: Double) -> String {
    value.isFinite ? "\(value)" : value.isNaN ? "" : value > 0 ? "Inf" : "-Inf"
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}
