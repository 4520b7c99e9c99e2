// The lines of benchmark mode. Knows their wording; does not know where the figures come from.
import Model

/// `[BENCH] train@dataset=iris: 12.3s, peak memory: 45.6 MB, GPU peak: 812 MB` when an attempt has ended, followed by
/// its state if it did not succeed. Empty for other events.
public func benchLine(for event: RunEvent) -> String {
    guard case .stageFinished(let finished) = event.kind else { return "" }
    let peaks = peaks(memoryBytes: finished.usage.maxRSSBytes, gpuBytes: finished.usage.gpuPeakBytes)
    let state = finished.state == .succeeded ? "" : " (\(finished.state.rawValue))"
    return "[BENCH] \(sanitized(finished.stage)): \(benchDurationText(finished.usage.wallSeconds))\(peaks)\(state)\n"
}

/// Resources used by the repeats of one stage, in order.
public struct RepeatedUsage: Sendable {
    let stage: String
    private(set) var wallSeconds: [Double] = []
    /// The largest of all repeats.
    private(set) var peakMemoryBytes: Int64?
    /// The largest of all repeats.
    private(set) var peakGPUBytes: Int64?

    public init(stage: String) { self.stage = stage }

    /// Adds a repeat; nil: not measured.
    public mutating func add(wallSeconds seconds: Double, memoryBytes: Int64?, gpuBytes: Int64?) {
        wallSeconds.append(seconds)
        peakMemoryBytes = [peakMemoryBytes, memoryBytes].compactMap(\.self).max()
        peakGPUBytes = [peakGPUBytes, gpuBytes].compactMap(\.self).max()
    }
}

/// `[BENCH] train: 5 repeats, min 1.204s, median 1.250s, max 1.377s, peak memory: 45.6 MB, GPU peak: 1.20 GB`.
public func benchLine(for usage: RepeatedUsage) -> String {
    guard let least = usage.wallSeconds.min(), let most = usage.wallSeconds.max(),
        let middle = median(of: usage.wallSeconds)
    else { return "" }
    let times = [("min", least), ("median", middle), ("max", most)].map { "\($0) \(benchDurationText($1))" }
    let count = countText(usage.wallSeconds.count, "repeat")
    return "[BENCH] \(sanitized(usage.stage)): \(count), \(times.joined(separator: ", "))"
        + peaks(memoryBytes: usage.peakMemoryBytes, gpuBytes: usage.peakGPUBytes) + "\n"
}

private func peaks(memoryBytes: Int64?, gpuBytes: Int64?) -> String {
    (memoryBytes.map { ", peak memory: \(byteText($0))" } ?? "")
        + (gpuBytes.map { ", GPU peak: \(byteText($0))" } ?? "")
}

/// Milliseconds below 10 s, where tenths are too coarse to compare; else as `durationText`.
private func benchDurationText(_ seconds: Double) -> String {
    guard seconds >= 0, seconds < 9.9995 else { return durationText(seconds) }
    let milliseconds = Int((seconds * 1000).rounded())
    let fraction = String(milliseconds % 1000)
    return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)s"
}
