// The line of benchmark mode.
import Model

/// `[BENCH] train@dataset=iris: 12.3s, peak memory: 1.20 GB, GPU peak: 812 MB`, for a stage that succeeded; else
/// nothing. The GPU is left out where none was metered.
public func benchLine(for event: RunEvent) -> String {
    guard case .stageFinished(let finished) = event.kind, finished.state == .succeeded else { return "" }
    let memory = finished.usage.maxRSSBytes.map { ", peak memory: \(byteText($0))" } ?? ""
    let gpu = finished.usage.gpuPeakBytes.map { ", GPU peak: \(byteText($0))" } ?? ""
    return "[BENCH] \(sanitized(finished.stage)): \(durationText(finished.usage.wallSeconds))\(memory)\(gpu)\n"
}
