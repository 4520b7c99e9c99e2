// Randomness that can be repeated. Knows numbers alone.

/// Where a random test begins: `RUNS_TEST_SEED` where it is set, else what the test itself fixes.
func testSeed(_ fixed: UInt64) throws -> UInt64 {
    guard let text = environmentVariable("RUNS_TEST_SEED") else { return fixed }
    guard let seed = UInt64(text) else {
        throw HarnessError("RUNS_TEST_SEED is '\(text)', which is not a whole number")
    }
    return seed
}

/// SplitMix64: the same numbers from the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// True once in `count` times.
    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    /// One of the elements; nil of none.
    mutating func pick<Elements: Collection>(_ elements: Elements) -> Elements.Element? {
        elements.randomElement(using: &self)
    }
}
