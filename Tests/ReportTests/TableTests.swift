// Tables in every format, byte for byte.
import Model
import Report
import Testing

/// Writes the rows as the caller would: what `add` gives at once, then what `finish` gives.
private func table(
    _ format: TableFormat, _ columns: [String], _ rows: [[TableValue]], width: Int? = nil,
    roles: TableRoles = TableRoles()
) -> String {
    var writer = TableWriter(format: format, columns: columns, width: width, roles: roles)
    return rows.map { writer.add(row: $0) ?? "" }.joined() + writer.finish()
}

@Suite struct TableTests {
    private let columns = ["id", "name", "n", "r", "bl"]
    private let rows: [[TableValue]] = [
        [.integer(1), .text("a b"), .null, .real(1.5), .blob([0, 255])],
        [.integer(200), .text("日本"), .integer(3), .real(2e30), .blob([])],
    ]

    @Test func box() {
        #expect(
            table(.box, columns, rows) == """
                ┌─────┬──────┬───┬───────┬─────────┐
                │ id  │ name │ n │   r   │   bl    │
                ├─────┼──────┼───┼───────┼─────────┤
                │   1 │ a b  │   │   1.5 │ x'00ff' │
                │ 200 │ 日本 │ 3 │ 2e+30 │ x''     │
                └─────┴──────┴───┴───────┴─────────┘

                """)
    }

    @Test func markdown() {
        #expect(
            table(.markdown, ["id", "a|b"], [[.integer(1), .text("x|y")], [.null, .text("two\nlines")]]) == """
                | id | a\\|b       |
                |---:|------------|
                |  1 | x\\|y       |
                |    | two\\nlines |

                """)
    }

    @Test func csvAsRFC4180() {
        let rows: [[TableValue]] = [
            [.text("plain"), .text("a,b"), .text("say \"hi\"")],
            [.text("two\nlines"), .text("cr\rhere"), .text("")],
            [.null, .real(0.1), .blob([1])],
            [.text("\r\n"), .text("é\u{301}\""), .text(" spaces ")],
        ]
        #expect(
            table(.csv, ["x", "y,z", "w"], rows)
                == "x,\"y,z\",w\nplain,\"a,b\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"cr\rhere\",\"\"\n,0.1,x'01'\n"
                + "\"\r\n\",\"é\u{301}\"\"\", spaces \n")
    }

    /// A spreadsheet would evaluate these texts. Numbers are as in CSV, and so is text that a column of numbers holds.
    @Test func csvForSpreadsheetsHasNoFormulas() {
        let dangerous = [
            "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "=cmd|' /C calc'!A0", "＝1", "-",
        ]
        for text in dangerous { #expect(table(.csvSafe, ["x"], [[.text(text)]]) == "\"x\"\n\"'\(text)\"\n") }
        for text in ["plain", "a=1", "1-2", "'=1", "a;=1", ""] {
            #expect(table(.csvSafe, ["x"], [[.text(text)]]) == "\"x\"\n\"\(text)\"\n")
        }
        #expect(
            table(
                .csvSafe, ["=x", "n"], [[.text("=\"a\""), .integer(-5)], [.null, .real(-0.5)], [.blob([1]), .null]])
                == "\"'=x\",\"n\"\n\"'=\"\"a\"\"\",-5\n,-0.5\nx'01',\n")
        #expect(table(.csvSafe, ["a"], []) == "\"a\"\n")
    }

    @Test func tsvEscapes() {
        #expect(
            table(.tsv, ["a\tb", "c"], [[.text("x\ty\\z"), .text("l1\nl2\r\n")], [.null, .integer(-1)]])
                == "a\\tb\tc\nx\\ty\\\\z\tl1\\nl2\\r\\n\n\t-1\n")
    }

    @Test func json() {
        #expect(
            table(
                .json, ["id", "v"],
                [[.integer(1), .null], [.real(0.1), .blob([0xab])], [.real(.infinity), .text("\u{1b}\"")]])
                == "[{\"id\":1,\"v\":null},\n{\"id\":0.1,\"v\":\"ab\"},\n{\"id\":null,\"v\":\"\\u001b\\\"\"}]\n")
    }

    @Test func jsonl() {
        #expect(
            table(.jsonl, ["id", "v"], [[.integer(1), .null], [.integer(2), .text("日本")]])
                == "{\"id\":1,\"v\":null}\n{\"id\":2,\"v\":\"日本\"}\n")
    }

    @Test func line() {
        #expect(
            table(.line, ["id", "long"], [[.integer(1), .text("a\tb")], [.null, .real(.infinity)]])
                == "  id = 1\nlong = a\\tb\n\n  id = \nlong = Infinity\n")
    }

    @Test func list() {
        #expect(table(.list, ["a", "b", "c"], [[.integer(1), .null, .text("x")]]) == "1||x\n")
    }

    @Test(arguments: [
        (TableFormat.box, ""), (.markdown, ""), (.line, ""), (.list, ""), (.jsonl, ""), (.csv, "a,b\n"),
        (.tsv, "a\tb\n"),
        (.json, "[]\n"),
    ])
    func withoutRows(format: TableFormat, expected: String) {
        #expect(table(format, ["a", "b"], []) == expected)
    }

    @Test(arguments: TableFormat.allCases)
    func rowsOfAnotherLengthAreAccepted(format: TableFormat) {
        let text = table(format, ["a", "b"], [[.integer(1)], [.integer(2), .integer(3), .text("dropped")], []])
        #expect(!text.contains("dropped"))
        #expect(text.contains("3"))
        #expect(table(format, [], [[]]).isEmpty == [.box, .markdown, .line].contains(format))
    }

    @Test(arguments: [TableFormat.box, .markdown, .line, .list, .json, .jsonl])
    func textForTerminalsIsEscaped(format: TableFormat) {
        let nasty = "\u{1b}[2J\u{7}\u{9b}31m\u{202e}\r\u{8}\u{85}"
        let text = table(format, [nasty], [[.text(nasty)]])
        let controls = text.unicodeScalars.filter { $0 != "\n" && $0.properties.generalCategory == .control }
        #expect(controls.isEmpty)
    }

    @Test func boxEscapesControlCharacters() {
        #expect(
            table(.box, ["x"], [[.text("\u{1b}[31m\u{7}\n")]]) == """
                ┌──────────────┐
                │      x       │
                ├──────────────┤
                │ \\e[31m\\x07\\n │
                └──────────────┘

                """)
    }

    @Test func boxTruncatesTheWidestColumns() {
        let row: [TableValue] = [.text("short"), .text("a rather long sentence"), .text("another long one")]
        #expect(
            table(.box, ["a", "b", "c"], [row], width: 40) == """
                ┌───────┬───────────────┬──────────────┐
                │   a   │       b       │      c       │
                ├───────┼───────────────┼──────────────┤
                │ short │ a rather lon… │ another lon… │
                └───────┴───────────────┴──────────────┘

                """)
    }

    @Test func boxOmitsColumnsThatDoNotFit() {
        let names = (1...9).map { "column_\($0)" }
        #expect(
            table(.box, names, [names.map { .text($0) }], width: 30) == """
                ┌──────────┬──────────┐
                │ column_1 │ column_2 │
                ├──────────┼──────────┤
                │ column_1 │ column_2 │
                └──────────┴──────────┘
                not shown (use --format):
                  column_3, column_4,
                  column_5, column_6,
                  column_7, column_8, column_9

                """)
    }

    @Test(arguments: [12, 20, 33, 80, 200])
    func noBoxLineIsWiderThanTheTerminal(width: Int) {
        let row: [TableValue] = [.text("日本語のテキスト"), .integer(.max), .text(String(repeating: "x", count: 100)), .null]
        let text = table(.box, ["one", "two", "three", "four"], [row, row], width: width)
        #expect(text.split(separator: "\n").allSatisfy { displayWidth(String($0)) <= width })
    }

    /// Names that differ only at their end stay distinct in a narrow table.
    @Test(arguments: [60, 80]) func rowNamesStayDistinct(width: Int) {
        let names = ["train@dataset=iris,lr=0.1", "train@dataset=iris,lr=0.3", "train@dataset=wine,lr=0.1"]
        let rows = names.enumerated().map { index, name -> [TableValue] in
            [.integer(Int64(index)), .text(name)] + (0..<6).map { .text(String(repeating: "v", count: 10 + $0)) }
        }
        let text = table(.box, ["n", "stage", "a", "b", "c", "d", "e", "f"], rows, width: width)
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("│") }.dropFirst()
        #expect(
            lines.count == 3 && Set(lines.map { $0.split(separator: "│").first { $0.contains("train") } }).count == 3,
            "\(text)")
        #expect(lines.allSatisfy { displayWidth(String($0)) <= width })
    }

    @Test func textColumnsCanBeRightAligned() {
        #expect(
            table(.box, ["wall"], [[.text("1.0s")], [.text("12.0s")]], roles: TableRoles(rightAligned: [0])) == """
                ┌───────┐
                │ wall  │
                ├───────┤
                │  1.0s │
                │ 12.0s │
                └───────┘

                """)
    }
}
