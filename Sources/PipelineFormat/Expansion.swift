// Expands a matrix: the product of its axes in the order of the file, minus `exclude`, plus `include`. Knows values;
// does not know settings.

import JSON
import Model

/// A stage of the graph: a template and its matrix values, in the order of the matrix.
struct Instance {
    let template: Int
    let point: Named<AxisValue>
    /// `train@dataset=iris,lr=0.1`
    let name: String
}

struct Expansion {
    /// More stages are surely a mistake in a matrix, and would exhaust the memory.
    static let stageLimit = 2_000_000

    let axes: Named<Axis>
    let problems: ProblemList

    func instances(of templates: [StageDocument]) -> [Instance] {
        var instances: [Instance] = []
        for (index, template) in templates.enumerated() {
            for point in points(of: template, room: Self.stageLimit - instances.count) {
                instances.append(Instance(template: index, point: point, name: Self.name(template.name, point)))
            }
        }
        return instances
    }

    private static func name(_ template: String, _ point: Named<AxisValue>) -> String {
        guard !point.isEmpty else { return template }
        return template + "@" + point.map { "\($0.name)=\(percentEncoded($0.value.spelled))" }.joined(separator: ",")
    }

    private func points(of stage: StageDocument, room: Int) -> [Named<AxisValue>] {
        guard let matrix = stage.matrix else {
            for (key, points) in [("include", stage.include), ("exclude", stage.exclude)] where points != nil {
                problems.add(
                    "\(stage.place).\(key)", points?.first?.position ?? stage.position, "'\(key)' requires a 'matrix'.")
            }
            return [[]]
        }
        let place = stage.place + ".matrix"
        let (own, position) = axes(of: matrix, stage)
        guard var axes = own else { return [] }
        var product: [Named<AxisValue>] = []
        if axes.isEmpty {
            // Only `include`: its first point determines the keys.
            axes = stage.include?.first?.values.map { ($0.name, Axis(values: [], position: position)) } ?? []
        } else {
            for (name, axis) in axes where axis.values.isEmpty {
                if !axis.isDamaged { problems.add(place, position, "the axis '\(name)' has no values.") }
                return []
            }
            var count = 1
            for (_, axis) in axes where count <= room { count *= axis.values.count }
            guard count <= room else {
                problems.add(place, position, "the matrix expands to more than \(Self.stageLimit) stages.")
                return []
            }
            product = [[]]
            for (name, axis) in axes {
                product = product.flatMap { point in axis.values.map { point + [(name, $0)] } }
            }
        }
        exclude(stage, axes, from: &product)
        include(stage, axes, into: &product)
        if product.isEmpty { problems.add(place, position, "the matrix is empty; it must have at least one point.") }
        return product
    }

    private func axes(of matrix: Matrix, _ stage: StageDocument) -> (axes: Named<Axis>?, position: JSONPosition) {
        switch matrix {
        case .own(let own, let position): return (own, position)
        case .axes(let names):
            let place = stage.place + ".matrix"
            var result: Named<Axis> = []
            var isSound = true
            for (index, name) in names.enumerated() {
                if result.contains(where: { $0.name == name.value }) {
                    problems.add("\(place)[\(index)]", name.position, "the axis '\(name.value)' is listed twice.")
                    isSound = false
                } else if let axis = axes.first(where: { $0.name == name.value }) {
                    result.append(axis)
                } else {
                    let hint = suggestion(for: name.value, among: axes.map(\.name))
                    problems.add("\(place)[\(index)]", name.position, "unknown axis '\(name.value)'; \(hint)")
                    isSound = false
                }
            }
            return (isSound ? result : nil, names.first?.position ?? stage.position)
        }
    }

    private func exclude(_ stage: StageDocument, _ axes: Named<Axis>, from product: inout [Named<AxisValue>]) {
        for (index, hole) in (stage.exclude ?? []).enumerated() {
            let place = "\(stage.place).exclude[\(index)]"
            guard checkKeys(hole, axes, place) else { continue }
            let before = product.count
            product.removeAll { point in
                hole.values.allSatisfy { key, value in
                    point.contains { $0.name == key && $0.value.comparable == value.comparable }
                }
            }
            if product.count == before {
                problems.warn(place, "matches no point of the matrix, so it excludes nothing.")
            }
        }
    }

    private func include(_ stage: StageDocument, _ axes: Named<Axis>, into product: inout [Named<AxisValue>]) {
        guard let include = stage.include, !include.isEmpty else { return }
        var known = Set(product.map { $0.map(\.value.comparable) })
        var spelled = Set(product.map { $0.map(\.value.spelled) })
        for (index, extra) in include.enumerated() {
            let place = "\(stage.place).include[\(index)]"
            guard checkKeys(extra, axes, place) else { continue }
            let missing = axes.map(\.name).filter { name in !extra.values.contains { $0.name == name } }
            guard missing.isEmpty else {
                problems.add(
                    place, extra.position,
                    "must have a value for every key; missing: \(missing.map { "'\($0)'" }.joined(separator: ", ")).")
                continue
            }
            let point: Named<AxisValue> = axes.compactMap { name, axis in
                guard let value = extra.values.first(where: { $0.name == name })?.value else { return nil }
                // A value of the axis keeps its settings.
                return (name, axis.values.first { $0.comparable == value.comparable } ?? value)
            }
            if known.insert(point.map(\.value.comparable)).inserted,
                spelled.insert(point.map(\.value.spelled)).inserted
            {
                product.append(point)
            } else {
                problems.add(place, extra.position, "is already a point of the matrix.")
            }
        }
    }

    private func checkKeys(_ point: MatrixPoint, _ axes: Named<Axis>, _ place: String) -> Bool {
        if point.values.isEmpty {
            problems.add(place, point.position, "is empty; it must have keys of the matrix.")
            return false
        }
        var isSound = true
        for (key, value) in point.values where !axes.contains(where: { $0.name == key }) {
            let hint = suggestion(for: key, among: axes.map(\.name))
            problems.add(join(place, key), value.position, "the matrix has no key '\(key)'; \(hint)")
            isSound = false
        }
        return isSound
    }
}
