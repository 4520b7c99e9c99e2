// The lines of benchmark mode.
import Model
import Report
import Testing

@Suite struct BenchLineTests {
    @Test(arguments: [
        (0.0, "0.000s"), (0.0124, "0.012s"), (1.2346, "1.235s"), (9.9994, "9.999s"), (9.9996, "10.0s"),
        (12.34, "12.3s"),
        (245.0, "4m 05s"), (.nan, "0.0s"), (-1.0, "0.0s"),
    ])
    func durations(_ seconds: Double, _ text: String) {
        #expect(benchLine(for: stageFinished(1, "a", wall: seconds)) == "[BENCH] a: \(text)\n")
    }

    @Test func failuresHaveTheirState() {
        #expect(benchLine(for: stageFailed(1, "a\u{1b}")) == "[BENCH] a\\e: 0.200s (failed)\n")
        #expect(benchLine(for: runStarted()) == "")
    }

    @Test func repeatsAreSummedUp() {
        var usage = RepeatedUsage(stage: "train")
        #expect(benchLine(for: usage) == "")
        usage.add(wallSeconds: 1.2, memoryBytes: nil, gpuBytes: nil)
        #expect(benchLine(for: usage) == "[BENCH] train: 1 repeat, min 1.200s, median 1.200s, max 1.200s\n")
        usage.add(wallSeconds: 3, memoryBytes: 45_600_000, gpuBytes: 1_200_000_000)
        usage.add(wallSeconds: 1.4, memoryBytes: 1_000_000, gpuBytes: 5)
        usage.add(wallSeconds: 1.3, memoryBytes: nil, gpuBytes: nil)
        #expect(
            benchLine(for: usage)
                == "[BENCH] train: 4 repeats, min 1.200s, median 1.350s, max 3.000s, peak memory: 45.6 MB, GPU peak: 1.20 GB\n"
        )
    }
}
