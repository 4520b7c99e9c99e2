// "Did you mean …?": the known name that is closest to a mistyped one.

/// The name at the smallest edit distance (insertions, deletions, substitutions and swaps of neighbours), if it is
/// close enough: about one mistake in three letters. The first of several that are equally close.
public func nearest(to name: String, among names: some Sequence<String>) -> String? {
    let wanted = Array(name.utf8)
    var best: String?
    var bound = (wanted.count + 2) / 3
    for candidate in names where candidate != name && abs(candidate.utf8.count - wanted.count) <= bound {
        guard let distance = editDistance(wanted, Array(candidate.utf8), atMost: bound) else { continue }
        best = candidate
        if distance == 1 { break }
        bound = distance - 1
    }
    return best
}

/// The optimal string alignment distance; nil if it is above the bound.
private func editDistance(_ first: [UInt8], _ second: [UInt8], atMost bound: Int) -> Int? {
    var beforeLast: [Int] = []
    var last = Array(0...second.count)
    for (row, byte) in first.enumerated() {
        var current = [row + 1]
        current.reserveCapacity(last.count)
        for (column, other) in second.enumerated() {
            var distance = min(current[column] + 1, last[column + 1] + 1, last[column] + (byte == other ? 0 : 1))
            if row > 0, column > 0, byte == second[column - 1], first[row - 1] == other {
                distance = min(distance, beforeLast[column - 1] + 1)
            }
            current.append(distance)
        }
        guard (current.min() ?? 0) <= bound else { return nil }
        (beforeLast, last) = (last, current)
    }
    let distance = last[second.count]
    return distance <= bound ? distance : nil
}
