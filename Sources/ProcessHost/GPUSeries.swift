// What one execution did with one device over time, at a resolution that halves as it gets long. Pure.

import Model

/// Up to `most` rows; each stands for as many samples as all others.
struct GPUSeries {
    struct Row: Hashable {
        /// Since the execution began, at the first of its samples.
        let seconds: Double
        /// Of the execution's processes; nil: not known.
        var processBytes: Int64?
        /// More than before the execution began, of all processes.
        var deviceBytes: Int64?
        /// Of the whole device, 0 to 1.
        var utilization: Double?
    }

    private let most: Int
    private var rows: [Row] = []
    private var stride = 1
    /// Samples of the row that is not full yet.
    private var pending: [Row] = []

    init(most: Int = 4096) { self.most = most }

    /// The rows, in the order of time.
    var all: [Row] { rows + (pending.isEmpty ? [] : [Self.merged(pending)]) }

    mutating func append(_ row: Row) {
        pending.append(row)
        guard pending.count == stride else { return }
        rows.append(Self.merged(pending))
        pending.removeAll(keepingCapacity: true)
        guard rows.count == most else { return }
        rows = Swift.stride(from: 0, to: rows.count, by: 2).map { index in
            Self.merged(Array(rows[index..<min(index + 2, rows.count)]))
        }
        stride *= 2
    }

    /// Memory at its highest, so that no peak is lost; utilisation as a mean.
    private static func merged(_ rows: [Row]) -> Row {
        guard rows.count > 1 else { return rows[0] }
        let utilizations = rows.compactMap(\.utilization)
        return Row(
            seconds: rows[0].seconds, processBytes: rows.compactMap(\.processBytes).max(),
            deviceBytes: rows.compactMap(\.deviceBytes).max(),
            utilization: utilizations.isEmpty ? nil : utilizations.reduce(0, +) / Double(utilizations.count))
    }
}
