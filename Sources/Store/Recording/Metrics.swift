// Numbers that stages report, many at a time. Knows rows; does not know where the numbers come from.

import Model
import RunsSQL

extension Store {
    /// Points of one name keep their order.
    public func addMetrics(_ points: [MetricPoint], to execution: ExecutionID) throws(Failure) {
        try inTransaction { () throws(Failure) in
            for curve in curves(of: points) {
                let name = try nameID(points[curve[0]].name)
                var rest = curve[...]
                while let first = rest.first {
                    let time = points[first].recordedAt
                    let chosen = rest.prefix { points[$0].recordedAt == time }
                    rest = rest.dropFirst(chosen.count)
                    try insert(chosen.map { points[$0] }, name: name, at: time.iso8601, execution)
                }
            }
        }
    }

    /// The indexes of the points of each name: neighbours in the indexes of the table one after another. Stages report
    /// points of the same curves in turn, so the next one is most likely of the next curve.
    private func curves(of points: [MetricPoint]) -> [[Int]] {
        var curves: [[Int]] = []
        var places: [String: Int] = [:]
        var place = 0
        for (index, point) in points.enumerated() {
            if place == curves.count { place = 0 }
            if curves.isEmpty || points[curves[place][0]].name != point.name {
                place = places[point.name] ?? curves.count
                if place == curves.count {
                    places[point.name] = place
                    curves.append([])
                }
            }
            curves[place].append(index)
            place += 1
        }
        return curves
    }

    private func insert(
        _ points: [MetricPoint], name: Int64, at time: String, _ execution: ExecutionID
    ) throws(Failure) {
        var rest = points[...]
        while rest.count >= Self.metricsAtATime {
            let many = try connection.statement(SQL.insertMetrics)
            let chosen = rest.prefix(Self.metricsAtATime)
            rest = rest.dropFirst(Self.metricsAtATime)
            try many.run(bindingAll: { parameters in
                parameters.add(execution.value)
                parameters.add(name)
                parameters.add(time)
                for point in chosen { Self.bind(point, to: &parameters) }
            })
        }
        let one = try connection.statement(SQL.insertMetric)
        for point in rest {
            try one.run(bindingAll: { parameters in
                parameters.add(execution.value)
                parameters.add(name)
                parameters.add(time)
                Self.bind(point, to: &parameters)
            })
        }
    }

    private static func bind(_ point: MetricPoint, to parameters: inout PositionalParameters) {
        parameters.add(point.step)
        if point.value.isFinite {
            parameters.add(point.value)
            parameters.addNull()
        } else {
            parameters.addNull()
            parameters.add(point.value.isNaN ? "NaN" : point.value > 0 ? "Infinity" : "-Infinity")
        }
    }

    /// Rows of `insert_metrics.sql`.
    private static let metricsAtATime = 64
}
