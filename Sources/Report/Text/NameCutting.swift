// Truncates names so that different names stay different: `train@lr=0.1,hidden_dim=8` and `…=0.3,hidden_dim=8`. Knows
// where the names differ; does not know tables.

/// The different names of a column, prepared for being truncated to any width.
struct NameCutting {
    private struct Head: Hashable {
        let group: String
        let start: ArraySlice<Character>
    }

    private let names: [String: [Character]]
    /// Whether every character takes one terminal column; other names are cut in their middle.
    private let isSimple: Bool
    /// The length of the start that all names have in common.
    private let commonStart: Int
    /// By length of a head, the length of the tail that tells all names with equal heads apart.
    private let tails: [Int]
    private let longest: Int

    /// More names than this are cut in their middle, which takes no time to prepare.
    private static let most = 1_000
    private static let longestHead = 120

    /// - Parameter groups: one for each cell; names need only differ within their group. nil: all are in one.
    init(_ cells: [String], groups: [String]? = nil) {
        var names: [String: [Character]] = [:]
        for cell in cells where names[cell] == nil { names[cell] = Array(cell) }
        self.names = names
        longest = names.values.map(\.count).max() ?? 0
        var members: [String: Set<String>] = [:]
        for (index, cell) in cells.enumerated() { members[groups?[index] ?? "", default: []].insert(cell) }
        isSimple =
            members.values.reduce(0) { $0 + $1.count } <= Self.most
            && names.allSatisfy { displayWidth($0.key) == $0.value.count }
        guard isSimple, let first = names.values.first else {
            (commonStart, tails) = (0, [])
            return
        }
        commonStart = names.values.reduce(first.count) { length, name in
            min(length, zip(name, first).prefix { $0 == $1 }.count)
        }
        let reversed = members.flatMap { group, texts in texts.map { (group, names[$0] ?? [], String($0.reversed())) } }
            .sorted { $0.2 < $1.2 }
        tails = (0...min(longest, Self.longestHead)).map { head in
            // Names with equal heads; neighbours in the order of their reversed texts share the longest tails.
            var last: [Head: [Character]] = [:]
            var tail = 0
            for (group, name, _) in reversed {
                let start = Head(group: group, start: name.prefix(head))
                if let other = last[start] {
                    let common = zip(other.reversed(), name.reversed()).prefix { $0 == $1 }.count
                    tail = max(tail, min(common + 1, max(other.count, name.count)))
                }
                last[start] = name
            }
            return tail
        }
    }

    /// The smallest width at which all names stay different.
    var leastWidth: Int {
        guard isSimple else { return 0 }
        let widths = tails.indices.map { $0 + 1 + tails[$0] }
        let withoutStart = tails.indices.dropFirst(commonStart).map { $0 - commonStart + 2 + tails[$0] }
        return min((widths + withoutStart).min() ?? 0, longest)
    }

    /// The name in at most `width` columns, cut as near to the middle as the difference to the others allows.
    func cut(_ text: String, to width: Int) -> String {
        guard let name = names[text], name.count > width || !isSimple else { return text }
        guard isSimple, width >= 3 else { return cutInMiddle(text, to: width) }
        let heads = tails.indices.sorted { abs($0 * 2 - width) < abs($1 * 2 - width) }
        if let head = heads.first(where: { $0 < width && $0 + 1 + tails[$0] <= width }) {
            return String(name.prefix(head)) + "…" + String(name.suffix(width - 1 - head))
        }
        let rest = name.dropFirst(commonStart)
        let cuts = heads.filter { $0 >= commonStart && $0 - commonStart + 2 + tails[$0] <= width }
        guard let head = cuts.first else { return cutInMiddle(text, to: width) }
        guard rest.count + 1 > width else { return "…" + String(rest) }
        let shown = head - commonStart
        return "…" + String(rest.prefix(shown)) + "…" + String(rest.suffix(width - 2 - shown))
    }
}

/// Two texts in at most `width` columns each, truncated so that they still differ.
func cutAtDifference(_ first: String, _ second: String, to widths: (Int, Int)) -> (String, String) {
    let plain = (truncated(first, to: widths.0), truncated(second, to: widths.1))
    guard first != second, plain.0 == plain.1 else { return plain }
    let common = zip(first, second).prefix { $0 == $1 }.count
    let start = max(0, common - 2)
    func cut(_ text: String, _ width: Int) -> String { truncated("…" + text.dropFirst(start), to: width) }
    return (cut(first, widths.0), cut(second, widths.1))
}
