import Model
public enum TableFormat: String, CaseIterable, Sendable { case box, csv, tsv, json, jsonl, markdown, line, list }
public struct TableWriter {
    let format: TableFormat, columns: [String]
    var first = true
    public init(format: TableFormat, columns: [String], width: Int?) { self.format = format; self.columns = columns }
    func t(_ v: TableValue) -> JSONValue { switch v { case .null: .null; case .integer(let i): .integer(i); case .real(let d): .double(d); case .text(let s): .string(s); case .blob(let b): .string("\(b)") } }
    public mutating func add(_ row: [TableValue]) -> String {
        let o = JSONValue.object(zip(columns, row).map { JSONValue.Member(name: $0, value: t($1)) }).text
        if format == .json { defer { first = false }; return (first ? "[" : ",\n") + o }
        if format == .jsonl { return o + "\n" }
        return row.map { v in switch v { case .null: ""; case .integer(let i): "\(i)"; case .real(let d): "\(d)"; case .text(let s): s; case .blob: "blob" } }.joined(separator: ",") + "\n"
    }
    public mutating func finish() -> String { format == .json ? (first ? "[]\n" : "]\n") : "" }
}
public func durationText(_ s: Double) -> String { "\((s * 100).rounded() / 100)s" }
public func bytesText(_ b: Int64) -> String { "\(b) B" }
public func sanitized(_ t: String) -> String { t }
public func sentence(for r: Reason) -> String { "\(r.code.rawValue) \(r.subject ?? "") \(r.old ?? "") \(r.new ?? "")" }
public protocol RunReporter { mutating func receive(_ event: RunEvent) -> String; mutating func redraw(now: Timestamp, columns: Int, rows: Int) -> String; mutating func close() -> String }
extension RunReporter { public mutating func redraw(now: Timestamp, columns: Int, rows: Int) -> String { "" }; public mutating func close() -> String { "" } }
public struct PlainProgress: RunReporter { public init(showsBench: Bool) {}; public mutating func receive(_ e: RunEvent) -> String { "\(e.kind)\n" } }
public struct LiveProgress: RunReporter { public init(useColor: Bool, showsBench: Bool) {}; public mutating func receive(_ e: RunEvent) -> String { "\(e.kind)\n" } }
public struct QuietProgress: RunReporter { public init() {}; public mutating func receive(_ e: RunEvent) -> String { "" } }
public struct JSONLinesProgress: RunReporter { public init() {}; public mutating func receive(_ e: RunEvent) -> String { "\(e.kind)\n" } }
public func planText(pipeline: String, decisions: [(stage: String, decision: Decision)]) -> String { decisions.map { "\($0.stage) \($0.decision.verdict.rawValue) \($0.decision.reasons.map { sentence(for: $0) })" }.joined(separator: "\n") + "\n" }
public func planJSONLines(_ decisions: [(stage: String, decision: Decision)]) -> String { decisions.map { JSONValue.object(["event": .string("stage_decided"), "stage": .string($0.stage), "verdict": .string($0.decision.verdict.rawValue), "reasons": .array($0.decision.reasons.map { .object(["code": .string($0.code.rawValue)]) })]).text }.joined(separator: "\n") + "\n" }
