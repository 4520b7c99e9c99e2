// Median, MAD, what is out of line, and bounds on metrics: tables.

import Model
import Testing

@Suite struct StatisticsTests {
    @Test(
        arguments: [
            ([], nil, nil), ([3], 3, 0), ([1, 2], 1.5, 0.5), ([3, 1, 2], 2, 1), ([5, 5, 5, 5], 5, 0),
            // The example of Leys et al. (2013): one wild value moves neither.
            ([1, 3, 3, 6, 8, 10, 10, 1000], 7, 3.5),
        ] as [([Double], Double?, Double?)])
    func medianAndDeviation(_ sample: [Double], _ middle: Double?, _ deviation: Double?) {
        #expect(median(of: sample) == middle)
        #expect(medianAbsoluteDeviation(of: sample) == deviation)
    }

    private static let wide: [Double] = [8, 9, 10, 11, 12]  // median 10, MAD 1

    @Test(
        arguments: [
            (15.18, wide, 0.5, .inLine), (15.2, wide, 0.5, .outOfLine), (1, wide, 0.5, .inLine),
            // The floors: absolute, then a tenth of the median.
            (10.49, [10, 10, 10, 10, 10], 0.5, .inLine), (11.01, [10, 10, 10, 10, 10], 0.5, .outOfLine),
            (10.99, [10, 10, 10, 10, 10], 0.5, .inLine), (0.49, [0.01, 0.01, 0.01, 0.01, 0.01], 0.5, .inLine),
            (0.52, [0.01, 0.01, 0.01, 0.01, 0.01], 0.5, .outOfLine), (109, [100, 100, 100, 100, 100], 0.5, .inLine),
            (111, [100, 100, 100, 100, 100], 0.5, .outOfLine),
            (1000, [1, 1, 1, 1], 0.5, .tooLittleHistory), (1000, [], 0.5, .tooLittleHistory),
            // An outlier in the history does not hide the next one.
            (1000, [10, 10, 10, 10, 10, 1000], 0.5, .outOfLine),
        ] as [(Double, [Double], Double, Standing)])
    func outOfLine(_ value: Double, _ history: [Double], _ floor: Double, _ standing: Standing) {
        let comparison = OutlierRule(leastExcess: floor).compare(value, with: history)
        #expect(comparison.standing == standing, "\(comparison)")
        #expect((comparison.limit == nil) == (standing == .tooLittleHistory))
        #expect(comparison.count == history.count)
    }

    @Test(
        arguments: [
            ([], nil), ([1], 1), ([3, 1, 2], 2), ([.nan, 3, 1], 2), ([.nan, 1], .nan), ([.nan], .nan),
            ([.infinity, 1, 2], 2), ([1, .infinity, .infinity], .infinity),
        ] as [([Double], Double?)])
    func repeatsCountByTheirMedian(_ sample: [Double], _ expected: Double?) {
        let found = medianOfRepeats(sample)
        #expect(found == expected || (found?.isNaN == true && expected?.isNaN == true))
    }

    @Test func onlyTheNewestOfTheHistoryCounts() {
        let history = [Double](repeating: 100, count: 50) + [Double](repeating: 1, count: 30)
        let comparison = OutlierRule(leastExcess: 0.5).compare(2, with: history)
        #expect(comparison.median == 1 && comparison.count == 30 && comparison.standing == .outOfLine)
    }

    @Test(
        arguments: [
            ("f1:min=0.9", "f1", .min, 0.9), ("a:b:max=-1e3", "a:b", .max, -1000), ("f1:drop=0", "f1", .drop, 0),
        ] as [(String, String, MetricBound.Kind, Double)])
    func boundsAreRead(_ text: String, _ name: String, _ kind: MetricBound.Kind, _ amount: Double) throws {
        let bound = try #require(MetricBound(text))
        #expect(bound.name == name && bound.kind == kind && bound.amount == amount)
    }

    @Test(arguments: [
        "", ":", "f1", "f1:", ":min=1", "f1:min", "f1:min=", "f1:min=x", "f1:min=1=2", "f1:best=1", "f1:drop=-1",
        "f1:min=nan",
        "f1:min=inf", "f1:min=1e999", "f1:min=0x1", "f1=0.9",
    ])
    func invalidBounds(_ text: String) { #expect(MetricBound(text) == nil) }

    @Test(
        arguments: [
            ("m:min=0.9", 0.9, [], true), ("m:min=0.9", 0.89, [], false), ("m:max=3", 3, [], true),
            ("m:max=3", 3.1, [], false),
            ("m:drop=0.02", 0.5, [], true), ("m:drop=0.02", 0.88, [0.7, 0.9, 0.8], true),
            ("m:drop=0.02", 0.87, [0.7, 0.9], false),
            ("m:drop=0.02", 0.8, [.nan, .infinity], true), ("m:min=0", .nan, [], false), ("m:max=0", .nan, [], false),
            ("m:drop=1", .nan, [], false), ("m:max=3", .infinity, [], false), ("m:min=3", .infinity, [], false),
            ("m:max=0.3", -.infinity, [], false), ("m:drop=1", .infinity, [0], false),
            ("m:min=3", -.infinity, [], false),
        ] as [(String, Double, [Double], Bool)])
    func boundsHoldOrNot(_ text: String, _ value: Double, _ history: [Double], _ holds: Bool) throws {
        let comparison = try #require(MetricBound(text)).compare(value, with: history)
        #expect(comparison.standing == (holds ? .inLine : .outOfLine), "\(comparison)")
    }
}
