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

/// Up to this many params all have a column on a terminal; if there are more, those that vary.
private let fewParams = 6

/// The executions as a table: for people with the params that vary, for programs (`isForPeople` false) with all.
///
/// - Returns: the columns, the rows, and the params that have no column because all executions have the same value.
public func rankingTable(
    _ best: [RankedExecution], metric: String, isForPeople: Bool
) -> (columns: [String], rows: [[TableValue]], same: String) {
    var params = lineageColumns(best.map(\.params))
    var same: [LineageColumn] = []
    if isForPeople {
        params.removeAll { $0.isNamed(in: best.map(\.stage)) }
        if params.count > fewParams, best.count > 1 {
            same = params.filter { !$0.varies }
            params.removeAll { !$0.varies }
        }
    }
    // Stages of two pipelines may have one name.
    let hasPipelines = Set(best.map(\.pipeline)).count > 1
    let rows = best.indices.map { row in
        let execution = best[row]
        let value: TableValue = isForPeople ? .text(valueText(.double(execution.value))) : .real(execution.value)
        let cells = params.map { isForPeople ? shown($0.values[row]) : $0.cell(row) }
        return [.integer(execution.runID.value)] + (hasPipelines ? [.text(execution.pipeline)] : [])
            + [.text(execution.stage), value] + cells
            + [
                .integer(execution.id.value),
                .text(isForPeople ? timeText(execution.startedAt) : execution.startedAt),
            ]
    }
    let ends =
        isForPeople
        ? (["run"], ["execution", "started"]) : (["run_id"], ["execution_id", "started_at"])
    let columns = ends.0 + (hasPipelines ? ["pipeline", "stage"] : ["stage"]) + [metric] + params.map(\.name) + ends.1
    let shownSame = valuesText(same.compactMap { column in column.values[0].first.map { (column.name, $0) } })
    return (columns, rows, shownSame)
}

private func shown(_ values: [JSONValue]) -> TableValue { .text(values.map(valueText).joined(separator: "|")) }

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
