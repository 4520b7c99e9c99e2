// Figures, reasons and tables as text.

import Model
import Testing

@testable import Report

@Suite struct TextTests {
    @Test(arguments: [
        (0, "0.0s"), (0.004, "0.00s"), (0.06, "0.06s"), (0.44, "0.4s"), (12.34, "12.3s"), (59.96, "1m 00s"), (245, "4m 05s"),
        (3720, "1h 02m"), (273_600, "3d 4h"), (.infinity, "0.0s"), (-1, "0.0s"),
    ] as [(Double, String)])
    func durations(_ seconds: Double, _ text: String) { #expect(durationText(seconds) == text) }

    @Test(arguments: [
        (0, "0 B"), (812, "812 B"), (4100, "4.10 kB"), (15_200_000, "15.2 MB"), (1_200_000_000, "1.20 GB"), (999_999, "1.00 MB"),
        (Int64.max, "9223 PB"), (-5, "-5 B"),
    ] as [(Int64, String)])
    func sizes(_ bytes: Int64, _ text: String) { #expect(bytesText(bytes) == text) }

    @Test(arguments: [
        ("plain ü", "plain ü"), ("a\u{1b}[31mb", "a\\e[31mb"), ("a\nb\tc", "a\\nb    c"), ("\u{9b}2J", "\\x9b2J"), ("\u{202e}x", "\\u{202e}x"),
    ])
    func nothingThatATerminalObeys(_ text: String, _ safe: String) { #expect(sanitized(text) == safe) }

    @Test(arguments: Reason.Code.allCases)
    func everyReasonHasWords(_ code: Reason.Code) {
        let words = sentence(for: Reason(code, subject: "it\u{1b}", old: String(repeating: "x", count: 500), new: nil))
        #expect(!words.isEmpty && words.count < 200 && !words.unicodeScalars.contains("\u{1b}"))
    }

    @Test func displayWidths() {
        #expect(displayWidth("abc") == 3)
        #expect(displayWidth("模型") == 4)
        #expect(displayWidth("e\u{301}") == 1)
        #expect(cut("模型模型", toWidth: 5) == "模型…")
        #expect(cut("abc", toWidth: 3) == "abc")
    }

    private func table(_ format: TableFormat, _ rows: [[TableValue]], width: Int? = nil) -> String {
        var writer = TableWriter(format: format, columns: ["name", "n"], width: width)
        return rows.map { writer.add($0) }.joined() + writer.finish()
    }

    private let rows: [[TableValue]] = [[.text("a,\"b\"\n|\t"), .integer(5)], [.null, .real(0.1)], [.blob([1, 255]), .real(.infinity)]]

    @Test(arguments: [
        (TableFormat.csv, "name,n\n\"a,\"\"b\"\"\n|\t\",5\n,0.1\n01ff,Inf\n"),
        (.tsv, "name\tn\na,\"b\"\\n|\\t\t5\n\t0.1\n01ff\tInf\n"),
        (.list, "name|n\na,\"b\"\\n|    |5\n|0.1\n01ff|Inf\n"),
        (.json, "[{\"name\":\"a,\\\"b\\\"\\n|\\t\",\"n\":5},\n{\"name\":null,\"n\":0.1},\n{\"name\":\"01ff\",\"n\":null}]\n"),
        (.jsonl, "{\"name\":\"a,\\\"b\\\"\\n|\\t\",\"n\":5}\n{\"name\":null,\"n\":0.1}\n{\"name\":\"01ff\",\"n\":null}\n"),
        (.line, "name = a,\"b\"\\n|    \n   n = 5\n\nname = \n   n = 0.1\n\nname = 01ff\n   n = Inf\n"),
        (.markdown, "| name | n |\n|---|---:|\n| a,\"b\"\\n\\|     | 5 |\n|  | 0.1 |\n| 01ff | Inf |\n"),
    ])
    func tables(_ format: TableFormat, _ expected: String) { #expect(table(format, rows) == expected) }

    @Test(arguments: [
        (TableFormat.csv, "name,n\n"), (.tsv, "name\tn\n"), (.list, "name|n\n"), (.json, "[]\n"), (.jsonl, ""), (.line, ""), (.box, ""),
        (.markdown, "| name | n |\n|---|---|\n"),
    ])
    func emptyTables(_ format: TableFormat, _ expected: String) { #expect(table(format, []) == expected) }

    @Test func aBoxIsCutToTheTerminal() {
        let long: [[TableValue]] = [[.text(String(repeating: "long ", count: 30)), .integer(1)]]
        for width in [20, 40, 80] {
            let lines = table(.box, long, width: width).split(separator: "\n")
            #expect(lines.count == 5)
            #expect(lines.allSatisfy { displayWidth(String($0)) <= width }, "\(lines)")
        }
    }
}
