// Rows of values as text, in the formats of sqlite3 and duckdb. Knows formats; does not know where the text goes or
// what the rows mean.
import Model

/// A way to write a table.
public enum TableFormat: String, CaseIterable, Sendable {
    case box, csv
    /// CSV for spreadsheets, which would evaluate text that begins like a formula.
    case csvSafe = "csv-safe"
    case tsv, json, jsonl, markdown, line, list
}

/// Turns rows into text, one at a time. `box` and `markdown` keep the rows until the end to size the columns; the other
/// formats return each row's text at once. Formats for people (`box`, `markdown`, `line`, `list`) are sanitized, `csv`,
/// `csv-safe` and `tsv` are not.
public struct TableWriter: Sendable {
    private let format: TableFormat
    private let columns: [String]
    private let width: Int?
    private let roles: TableRoles
    private let heads: [String]
    private var kept: [[TableValue]] = []
    private var isFirst = true

    /// - Parameters:
    ///   - width: columns of the terminal that a box must fit; nil: no limit.
    ///   - roles: for `box` and `markdown`.
    public init(format: TableFormat, columns: [String], width: Int? = nil, roles: TableRoles = TableRoles()) {
        self.format = format
        self.columns = columns
        self.width = width
        self.roles = roles
        heads =
            switch format {
            case .json, .jsonl: columns.map { JSONValue.string($0).text + ":" }
            case .csv: columns.map(Self.csvField)
            case .csvSafe: columns.map(Self.safeField)
            case .tsv: columns.map(Self.tsvField)
            case .box, .markdown, .list: columns.map(sanitized)
            case .line:
                columns.map { [widest = columns.map { displayWidth(sanitized($0)) }.max() ?? 0] in
                    padded(sanitized($0), to: widest, right: true) + " = "
                }
            }
    }

    /// Adds a row; missing cells are NULL, cells beyond the columns are dropped. Returns whole lines to write now; nil
    /// if the format waits for `finish`.
    public mutating func add(row cells: [TableValue]) -> String? {
        let row = columns.indices.map { $0 < cells.count ? cells[$0] : .null }
        defer { isFirst = false }
        switch format {
        case .box, .markdown:
            kept.append(row)
            return nil
        case .csv: return (isFirst ? header : "") + row.map(Self.csvField).joined(separator: ",") + "\n"
        case .csvSafe: return (isFirst ? header : "") + row.map(Self.safeField).joined(separator: ",") + "\n"
        case .tsv: return (isFirst ? header : "") + row.map(Self.tsvField).joined(separator: "\t") + "\n"
        case .json: return (isFirst ? "[" : ",\n") + object(row)
        case .jsonl: return object(row) + "\n"
        case .line: return (isFirst ? "" : "\n") + zip(heads, row).map { $0 + Self.shown($1) + "\n" }.joined()
        case .list: return row.map(Self.shown).joined(separator: "|") + "\n"
        }
    }

    /// The rest of the text. Without rows: the header of `csv`, `csv-safe` and `tsv`, `[]` for `json`, else empty.
    public mutating func finish() -> String {
        switch format {
        case .csv, .csvSafe, .tsv: return isFirst ? header : ""
        case .json: return isFirst ? "[]\n" : "]\n"
        case .jsonl, .line, .list: return ""
        case .box, .markdown:
            guard !kept.isEmpty, !columns.isEmpty else { return "" }
            var grid = TableGrid(
                heads: heads, rows: kept.map { $0.map(Self.shown) },
                rightAligned: columns.indices.map { roles.rightAligned.contains($0) || isNumeric(column: $0) })
            grid.names = roles.names
            grid.answers = roles.answers
            grid.compared = roles.compared
            grid.same = roles.same.map { (sanitized($0.name), sanitized($0.value)) }
            kept = []
            return format == .box ? grid.box(width: width) : grid.markdown()
        }
    }

    private var header: String { heads.joined(separator: format == .tsv ? "\t" : ",") + "\n" }

    private func isNumeric(column: Int) -> Bool {
        var sawNumber = false
        for row in kept {
            switch row[column] {
            case .integer, .real: sawNumber = true
            case .null: continue
            case .text, .blob: return false
            }
        }
        return sawNumber
    }

    private func object(_ row: [TableValue]) -> String {
        var text = "{"
        for (index, cell) in row.enumerated() {
            if index > 0 { text += "," }
            text += heads[index]
            Self.json(cell).write(to: &text)
        }
        return text + "}"
    }

    private static func json(_ cell: TableValue) -> JSONValue {
        switch cell {
        case .null: .null
        case .integer(let value): .integer(value)
        case .real(let value): .double(value)
        case .text(let text): .string(text)
        case .blob(let bytes): .string(hex(bytes))
        }
    }

    /// The cell's text, unescaped; NULL is empty.
    private static func plain(_ cell: TableValue) -> String {
        switch cell {
        case .null: ""
        case .integer(let value): String(value)
        case .real(let value): value.isFinite ? "\(value)" : value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
        case .text(let text): text
        case .blob(let bytes): "x'" + hex(bytes) + "'"
        }
    }

    private static func shown(_ cell: TableValue) -> String { sanitized(plain(cell)) }

    /// Empty text is quoted to distinguish it from NULL.
    private static func csvField(_ cell: TableValue) -> String {
        if case .text(let text) = cell { return csvField(text) }
        return plain(cell)
    }

    private static func safeField(_ cell: TableValue) -> String {
        if case .text(let text) = cell { return safeField(text) }
        return plain(cell)
    }

    /// Always quoted, since a spreadsheet may split cells at other characters than commas. A `'` before text that begins
    /// like a formula keeps it text.
    private static func safeField(_ text: String) -> String {
        let begin = text.unicodeScalars.first { $0 != " " }
        return quoted(begin.map(formulaStarts.contains) ?? false ? "'" + text : text)
    }

    /// Also the full-width forms, which some spreadsheets take for the same.
    private static let formulaStarts: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\n", "\u{ff1d}", "\u{ff0b}", "\u{ff0d}", "\u{ff20}",
    ]

    /// Quoted if RFC 4180 requires it.
    private static func csvField(_ text: String) -> String {
        let needsQuotes = text.isEmpty || text.utf8.contains { $0 == 0x22 || $0 == 0x2c || $0 == 0x0a || $0 == 0x0d }
        return needsQuotes ? quoted(text) : text
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { quoted += "\"" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    private static func tsvField(_ cell: TableValue) -> String { tsvField(plain(cell)) }

    private static func tsvField(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\t": escaped += "\\t"
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\\": escaped += "\\\\"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let alphabet = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [alphabet[Int($0 >> 4)], alphabet[Int($0 & 15)]] }, as: UTF8.self)
    }
}
