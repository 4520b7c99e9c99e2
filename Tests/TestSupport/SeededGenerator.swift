// Random numbers that can be repeated. Knows numbers and one variable of the environment; does not know what is tested.
//
// A random test takes its seeds as arguments, so that the test runner prints the seed of every case that fails:
// `@Test(arguments: testSeeds(from: 1, count: 8)) func anyOrder(seed: UInt64)`.

/// The seeds of a random test: `count` of them, from `first` on, or from `RUNS_TEST_SEED` on where that is set.
public func testSeeds(from first: UInt64 = 1, count: Int = 1) -> [UInt64] {
    var start = first
    if let text = environmentVariable("RUNS_TEST_SEED") {
        guard let seed = UInt64(text) else { fatalError("RUNS_TEST_SEED is '\(text)', which is not a whole number") }
        start = seed
    }
    return (0..<UInt64(count)).map { start &+ $0 }
}

/// SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): the same numbers from the same seed, on every machine.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// True once in `count` times.
    public mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    /// One of the elements; nil if there are none.
    public mutating func pick<Elements: Collection>(_ elements: Elements) -> Elements.Element? {
        elements.randomElement(using: &self)
    }
}
