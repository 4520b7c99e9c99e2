// The best executions as a table or as JSON, with their params. Knows columns; does not know how they were ranked.
// Pure.
import Model

/// A param of several executions and their upstream executions, as a column.
struct LineageColumn: Equatable {
    /// `lr`; `train.lr` if stages of several templates have different values of it.
    let name: String
    /// The values of each execution: none, one, or several if upstream stages differ.
    let values: [[JSONValue]]

    var varies: Bool { Set(values).count > 1 }

    /// Whether all values are part of the stages' names.
    func isNamed(in stages: [String]) -> Bool {
        zip(stages, values).allSatisfy { stage, values in
            guard let sign = stage.firstIndex(of: "@"), values.count == 1 else { return false }
            let pair = "\(name)=\(percentEncoded(valueText(values[0])))"
            return stage[stage.index(after: sign)...].split(separator: ",").contains { $0 == pair }
        }
    }

    func cell(_ row: Int) -> TableValue {
        guard let value = values[row].first, values[row].count == 1 else {
            return values[row].isEmpty ? .null : .text(values[row].map(valueText).joined(separator: "|"))
        }
        switch value {
        case .string(let word): return .text(word)
        case .number(let text): return Int64(text).map { .integer($0) } ?? Double(text).map { .real($0) } ?? .text(text)
        default: return .text(value.text)
        }
    }
}

/// Columns in the order of their names.
func lineageColumns(_ rows: [[RankedExecution.Param]]) -> [LineageColumn] {
    func template(_ stage: String) -> String { String(stage.prefix { $0 != "@" }) }
    func distinct(_ params: [RankedExecution.Param]) -> [JSONValue] {
        var values: [JSONValue] = []
        for param in params where !values.contains(param.value) { values.append(param.value) }
        return values
    }
    let byName = rows.map { Dictionary(grouping: $0, by: \.name) }
    var columns: [LineageColumn] = []
    for name in Set(byName.flatMap(\.keys)).sorted() {
        let params = byName.map { $0[name] ?? [] }
        let byTemplate = params.map { Dictionary(grouping: $0) { template($0.stage) }.mapValues(distinct) }
        guard byTemplate.contains(where: { Set($0.values).count > 1 }) else {
            columns.append(LineageColumn(name: name, values: params.map(distinct)))
            continue
        }
        for template in Set(byTemplate.flatMap(\.keys)).sorted() {
            columns.append(LineageColumn(name: "\(template).\(name)", values: byTemplate.map { $0[template] ?? [] }))
        }
    }
    return columns
}

/// The executions as a table for people: with the params that differ, which have columns of their own, or stand in the
/// stages' names.
///
/// - Parameter width: columns that the table must fit; nil: no limit.
public func rankingTable(
    _ best: [RankedExecution], metric: String, width: Int?
) -> (columns: [String], rows: [[TableValue]], roles: TableRoles) {
    let all = lineageColumns(best.map(\.params))
    let differing = best.count > 1 ? all.filter(\.varies) : all
    let constant = best.count > 1 ? all.filter { !$0.varies } : []
    let stages = best.map(\.stage)
    let named = Set(differing.filter { $0.isNamed(in: stages) }.map(\.name))
    var table = rankingTable(
        best, stages: stages, metric: metric, params: differing.filter { !named.contains($0.name) })
    if let width, !named.isEmpty {
        let cells = table.rows.map { $0.map { if case .text(let text) = $0 { text } else { "123456" } } }
        let grid = TableGrid(heads: table.columns, rows: cells, rightAligned: table.columns.map { _ in false })
        if !grid.fits(width) {
            // The same in fewer columns: `lr` and `0.1` instead of `train@lr=0.1`.
            let short = stages.map { stageName($0, without: named) }
            table = rankingTable(best, stages: short, metric: metric, params: differing)
        }
    }
    let shownInNames = Set(constant.filter { $0.isNamed(in: stages) }.map(\.name))
    table.roles.same = constant.filter { !shownInNames.contains($0.name) }.compactMap { column in
        column.values[0].isEmpty ? nil : (column.name, listText(column.values[0]))
    }
    return table
}

private func rankingTable(
    _ best: [RankedExecution], stages: [String], metric: String, params: [LineageColumn]
) -> (columns: [String], rows: [[TableValue]], roles: TableRoles) {
    let pipelines = pipelines(of: best)
    let rows = best.indices.map { row in
        [.integer(best[row].runID.value)] + (pipelines.map { [.text($0[row])] } ?? [])
            + [.text(stages[row]), .text(valueText(.double(best[row].value)))]
            + params.map { TableValue.text(listText($0.values[row])) }
            + [.integer(best[row].id.value), .text(timeText(best[row].startedAt))]
    }
    let naming = pipelines == nil ? ["run", "stage"] : ["run", "pipeline", "stage"]
    let answers = Set(naming.count...naming.count + params.count)
    return (
        naming + [metric] + params.map(\.name) + ["execution", "started"], rows,
        TableRoles(rightAligned: answers, names: [naming.count - 1], answers: answers)
    )
}

/// Stages of two pipelines may have one name; nil if there is one pipeline.
private func pipelines(of best: [RankedExecution]) -> [String]? {
    Set(best.map(\.pipeline)).count > 1 ? best.map(\.pipeline) : nil
}

/// `0.1|0.2`, or `6 values`.
private func listText(_ values: [JSONValue]) -> String {
    values.count > 3 ? "\(values.count) values" : values.map(valueText).joined(separator: "|")
}

/// `train@dataset=iris` of `train@dataset=iris,lr=0.1` without `lr`.
private func stageName(_ stage: String, without params: Set<String>) -> String {
    guard let sign = stage.firstIndex(of: "@") else { return stage }
    let left = stage[stage.index(after: sign)...].split(separator: ",").filter { pair in
        !params.contains(String(pair.prefix { $0 != "=" }))
    }
    return stage[..<sign] + (left.isEmpty ? "" : "@" + left.joined(separator: ","))
}

/// The executions as a table for programs, with all params.
public func rankingTable(_ best: [RankedExecution], metric: String) -> (columns: [String], rows: [[TableValue]]) {
    let params = lineageColumns(best.map(\.params))
    let pipelines = pipelines(of: best)
    let rows = best.indices.map { row in
        [.integer(best[row].runID.value)] + (pipelines.map { [.text($0[row])] } ?? [])
            + [.text(best[row].stage), .real(best[row].value)] + params.map { $0.cell(row) }
            + [.integer(best[row].id.value), .text(best[row].startedAt)]
    }
    let naming = pipelines == nil ? ["run_id", "stage"] : ["run_id", "pipeline", "stage"]
    return (naming + [metric] + params.map(\.name) + ["execution_id", "started_at"], rows)
}

/// One object per execution, with all params by stage.
public func rankingJSON(_ best: [RankedExecution], metric: String) -> [JSONValue] {
    best.map { execution in
        var stages: [JSONValue.Member] = []
        for (stage, params) in Dictionary(grouping: execution.params, by: \.stage).sorted(by: { $0.key < $1.key }) {
            stages.append(.init(name: stage, value: .object(params.map { .init(name: $0.name, value: $0.value) })))
        }
        return .object(
            members([
                ("run_id", .integer(execution.runID.value)), ("execution_id", .integer(execution.id.value)),
                ("stage", .string(execution.stage)), ("started_at", .string(execution.startedAt)),
                ("metric", .string(metric)), ("value", .double(execution.value)), ("params", .object(stages)),
                ("pipeline", .string(execution.pipeline)),
            ]))
    }
}
