// Resolves `from` and `needs` to stages of other templates. Knows matrix values; does not know paths.

import JSON
import Model

/// Finds the stages of a template that share matrix values with another stage.
struct Agreement {
    private let drafts: [Draft]
    private let byTemplate: [String: [StageIndex]]
    private var tables: [Query: [[String]: [StageIndex]]] = [:]

    private struct Query: Hashable {
        let template: String
        let keys: [String]
    }

    init(drafts: [Draft]) {
        self.drafts = drafts
        byTemplate = Dictionary(grouping: drafts.indices) { drafts[$0].document.name }
    }

    func knows(_ template: String) -> Bool { byTemplate[template] != nil }

    /// The template's stages with the same value as this stage for every matrix key that both have, in graph order.
    mutating func stages(of template: String, agreeingWith stage: StageIndex) -> [StageIndex] {
        guard let candidates = byTemplate[template], let first = candidates.first else { return [] }
        let others = drafts[first].instance.point
        let shared = drafts[stage].instance.point.filter { own in others.contains { $0.name == own.name } }
        let query = Query(template: template, keys: shared.map(\.name))
        if tables[query] == nil {
            tables[query] = Dictionary(grouping: candidates) { candidate in
                query.keys.map { key in
                    drafts[candidate].instance.point.first { $0.name == key }?.value.comparable ?? ""
                }
            }
        }
        return tables[query]?[shared.map(\.value.comparable)] ?? []
    }
}

struct References {
    /// For every template of the file, also those without stages because of a mistake.
    private let outputNames: [String: [String]]
    private let declaredOutputs: [String: Set<String>]
    private let templateNames: [String]
    private let problems: ProblemList

    init(templates: [StageDocument], problems: ProblemList) {
        outputNames = Dictionary(
            templates.map { ($0.name, $0.outputs?.items.map(\.name) ?? []) }, uniquingKeysWith: { first, _ in first })
        declaredOutputs = outputNames.mapValues { Set($0) }
        templateNames = outputNames.keys.sorted()
        self.problems = problems
    }

    /// Reports references that do not exist, also in a template without stages.
    func check(_ templates: [StageDocument]) {
        for template in templates {
            for (_, item) in template.inputs?.items ?? [] {
                guard case .from(let reference) = item.source else { continue }
                check(reference, join(template.place, item.place), item.position)
            }
            for (position, need) in (template.needs ?? []).enumerated() where outputNames[need.value] == nil {
                unknown(need.value, "\(template.place).needs[\(position)]", need.position)
            }
        }
    }

    private func check(_ reference: String, _ place: String, _ position: JSONPosition) {
        guard let (template, output) = Self.parts(of: reference) else {
            problems.add(place, position, "'\(reference)' is not of the form STAGE.OUTPUT, such as \"train.model\".")
            return
        }
        guard let outputs = outputNames[template] else {
            unknown(template, place, position)
            return
        }
        if declaredOutputs[template]?.contains(output) == true { return }
        let hint = suggestion(for: output, among: outputs)
        problems.add(place, position, "unknown output '\(output)' of stage '\(template)'; \(hint)")
    }

    /// `train.model`: the stage, and the name of its output.
    private static func parts(of reference: String) -> (template: String, output: String)? {
        guard let dot = reference.firstIndex(of: "."), dot != reference.startIndex else { return nil }
        return (String(reference[..<dot]), String(reference[reference.index(after: dot)...]))
    }

    /// Resolves the references of all drafts, except those that `check` reports.
    func resolve(_ drafts: [Draft]) {
        var agreement = Agreement(drafts: drafts)
        for index in drafts.indices {
            let document = drafts[index].document
            if let list = document.inputs, list.items.contains(where: { $0.value.isReference }) {
                drafts[index].inputs = resolvedInputs(of: index, list, drafts, &agreement)
            }
            for (position, need) in (document.needs ?? []).enumerated() {
                let place = "\(document.place).needs[\(position)]"
                guard outputNames[need.value] != nil else { continue }
                let found = agreement.stages(of: need.value, agreeingWith: index)
                if found.isEmpty { disagrees(need.value, drafts[index].name, place, need.position, agreement) }
                if found.contains(index) { problems.add(place, need.position, "a stage cannot depend on itself.") }
                drafts[index].needs += found
            }
        }
    }

    /// The inputs in the order of the file, each `from` replaced by the outputs it refers to.
    private func resolvedInputs(
        of index: StageIndex, _ list: InputList, _ drafts: [Draft], _ agreement: inout Agreement
    ) -> [DraftInput] {
        var paths: [String: DraftInput] = [:]
        for input in drafts[index].inputs { paths[input.input.name] = input }
        return list.items.flatMap { name, item -> [DraftInput] in
            guard case .from(let reference) = item.source else { return paths[name].map { [$0] } ?? [] }
            guard let (template, output) = Self.parts(of: reference),
                declaredOutputs[template]?.contains(output) == true
            else { return [] }
            let place = join(drafts[index].place, item.place)
            let found = agreement.stages(of: template, agreeingWith: index)
            if found.isEmpty { disagrees(template, drafts[index].name, place, item.position, agreement) }
            let exclusions = drafts[index].exclusions(of: item, place, problems)
            return found.compactMap { source in
                guard let made = drafts[source].output(named: output) else { return nil }
                let input = Input(name: name, path: made.path, mode: made.mode, exclusions: exclusions)
                return DraftInput(input: input, source: source, position: item.position, place: place)
            }
        }
    }

    private func unknown(_ name: String, _ place: String, _ position: JSONPosition) {
        // A generated file may repeat one mistake thousands of times.
        let hint = problems.hint(for: name) { suggestion(for: name, among: templateNames) }
        problems.add(place, position, "unknown stage '\(name)'; \(hint)")
    }

    private func disagrees(
        _ template: String, _ name: String, _ place: String, _ position: JSONPosition, _ agreement: Agreement
    ) {
        // A template without stages was reported.
        guard agreement.knows(template) else { return }
        problems.add(
            place, position, stage: name,
            "no stage of '\(template)' has the matrix values of '\(name)' for the keys that both have.")
    }
}

extension InputDocument {
    var isReference: Bool { if case .from = source { true } else { false } }
}
