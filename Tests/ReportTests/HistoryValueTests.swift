// Params and metrics as columns, and trends.

import Model
import Testing

@testable import Report

private func execution(
    _ stage: String = "s", params: KeyValuePairs<String, String> = [:], metrics: KeyValuePairs<String, Double> = [:],
    wall: Double? = 1, isSucceeded: Bool = true, run: Int64? = nil
) -> PastExecution {
    PastExecution(
        stage: stage, isSucceeded: isSucceeded, wallSeconds: wall,
        params: params.map { .init(name: $0, value: .string($1)) },
        metrics: metrics.map { .init(name: $0, value: .double($1)) }, run: run)
}

@Suite struct HistoryValueTests {
    @Test func repeatsAreOnePointOfATrend() {
        let values: [(Int64, Double)] = [(3, 0.9), (2, 0.1), (2, 0.7), (2, 0.8), (1, 0.5)]
        let past = values.map { execution(metrics: ["acc": $0.1], wall: $0.1 * 10, run: $0.0) }
        #expect(
            trendText(past, metrics: ["acc"]) == """
                s, oldest to newest:
                  wall  ▁▅█  5.0s → 9.0s
                  acc   ▁▄█  0.5 → 0.9

                """)
    }

    @Test func fewValuesAreAllShown() {
        let (columns, leftOut) = valueColumns(
            [execution(params: ["lr": "0.1", "n": "1"], metrics: ["acc": 0.5]), execution(params: ["lr": "0.1"])],
            room: nil)
        #expect(columns.map(\.name) == ["lr", "n", "acc"] && leftOut == 0)
        #expect(columns.map(\.cells) == [["0.1", "0.1"], ["1", ""], ["0.5", ""]])
    }

    @Test func manyValuesAreReducedToThoseThatVary() {
        let first = execution(params: ["a": "1", "b": "1", "c": "1", "d": "1"], metrics: ["x": 1, "y": 2, "z": 3])
        let second = execution(params: ["a": "1", "b": "2", "c": "1", "d": "1"], metrics: ["x": 1, "y": 5])
        let (columns, leftOut) = valueColumns([first, second], room: nil)
        #expect(columns.map(\.name) == ["b", "y", "z"] && leftOut == 4)
    }

    @Test func valuesInTheNameAreOmitted() {
        let rows = [
            execution("s@d=a,n=1", params: ["d": "a", "n": "1", "k": "x"]),
            execution("s@d=b%2Fc", params: ["d": "b/c", "n": "2"]),
        ]
        #expect(valueColumns(rows, room: nil).columns.map(\.name) == ["k", "n"])
    }

    @Test(arguments: [
        (0, []), (10, ["acc"]), (13, ["lr", "acc"]), (20, ["lr", "acc", "loss"]),
        (40, ["lr", "long_param", "acc", "loss"]),
    ])
    func columnsFitTheWidth(room: Int, expected: [String]) {
        let row = execution(params: ["lr": "0.1", "long_param": "a value"], metrics: ["acc": 0.5, "loss": 0.25])
        let (columns, leftOut) = valueColumns([row], room: room)
        #expect(Set(columns.map(\.name)) == Set(expected) && leftOut == 4 - expected.count)
        #expect(columns.reduce(0) { $0 + $1.width } <= room)
    }

    @Test(
        arguments: [
            ([], ""), ([1], "▄"), ([1, 1], "▄▄"), ([0, 1], "▁█"), ([3, nil, 1, 2], "█ ▁▅"), ([.nan, .infinity], "  "),
            ([-1.7e308, 0, 1.7e308], "▁▅█"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ] as [([Double?], String)])
    func aBarForEachValue(values: [Double?], expected: String) {
        #expect(sparkline(values) == expected)
    }

    @Test func trendsGoFromTheOldestToTheNewestSuccess() {
        let text = trendText(
            [
                execution(metrics: ["acc": 0.9, "same": 1], wall: 3),
                execution(metrics: ["acc": 0.1], wall: 9, isSucceeded: false),
                execution(metrics: ["acc": 0.5, "same": 1], wall: 2), execution("once"),
                execution(wall: 1),
            ], metrics: ["acc", "same", "none"])
        #expect(text == "s, oldest to newest:\n  wall  ▁▅█  1.0s → 3.0s\n  acc    ▁█  0.5 → 0.9\n")
        #expect(trendText([execution(), execution(wall: nil)], metrics: []).isEmpty)
    }
}
