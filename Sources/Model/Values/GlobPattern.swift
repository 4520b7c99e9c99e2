// Patterns over paths: `*`, `?` and `[…]` within one component, `**` across components. Knows text only; does not know
// which files there are.

/// A pattern such as `data/raw/*.csv` or `src/**/*.py`.
///
/// `**` alone between slashes stands for any number of folders (at the end: for everything below). A component that
/// begins with a dot is only matched by a component of the pattern that begins with a dot.
public struct GlobPattern: Sendable {
    private let isAbsolute: Bool
    private let components: [Component]
    private let matchesHidden: Bool
    /// The leading directories without a wildcard, without a trailing slash; empty if there are none.
    public let literalPrefix: String

    /// - Parameter matchesHidden: whether wildcards also match a component that begins with a dot.
    public init(_ pattern: String, matchesHidden: Bool = false) {
        self.matchesHidden = matchesHidden
        isAbsolute = pattern.hasPrefix("/")
        let parts = pattern.split(separator: "/").filter { $0 != "." }
        var components = parts.map {
            $0 == "**" ? Component.folders : Self.isPattern($0) ? .wild(Self.tokens($0)) : .literal(String($0))
        }
        if case .folders? = components.last { components.append(.wild([.star])) }
        self.components = components
        var prefix: [Substring] = []
        for part in parts.dropLast() {
            guard !Self.isPattern(part) else { break }
            prefix.append(part)
        }
        literalPrefix = (isAbsolute ? "/" : "") + prefix.joined(separator: "/")
    }

    /// Whether the text contains a wildcard.
    public static func isPattern(_ text: some StringProtocol) -> Bool {
        var isBracketOpen = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "*"), UInt8(ascii: "?"): return true
            case UInt8(ascii: "["): isBracketOpen = true
            case UInt8(ascii: "]") where isBracketOpen: return true
            case UInt8(ascii: "/"): isBracketOpen = false
            default: continue
            }
        }
        return false
    }

    public func matches(_ path: String) -> Bool {
        reachable(after: path)?[components.count] ?? false
    }

    /// Whether some path below that directory could match.
    public func mayMatch(inside directory: String) -> Bool {
        reachable(after: directory)?.dropLast().contains(true) ?? false
    }

    /// For each number of leading components, whether exactly those can match the whole path; nil if only one of
    /// pattern and path is absolute.
    private func reachable(after path: String) -> [Bool]? {
        guard path.hasPrefix("/") == isAbsolute else { return nil }
        var states = [Bool](repeating: false, count: components.count + 1)
        states[0] = true
        skipFolders(&states)
        for part in path.split(separator: "/") where part != "." {
            var next = [Bool](repeating: false, count: states.count)
            for (index, component) in components.enumerated() where states[index] {
                switch component {
                case .folders: if matchesHidden || !part.hasPrefix(".") { next[index] = true }
                case .literal(let name): if part == name { next[index + 1] = true }
                case .wild(let tokens):
                    if matches(Array(part.unicodeScalars), tokens) { next[index + 1] = true }
                }
            }
            states = next
            guard states.contains(true) else { break }
            skipFolders(&states)
        }
        return states
    }

    /// `**` may stand for no folder at all.
    private func skipFolders(_ states: inout [Bool]) {
        for (index, component) in components.enumerated() where states[index] {
            if case .folders = component { states[index + 1] = true }
        }
    }
}

extension GlobPattern {
    private enum Component: Sendable {
        case folders
        case literal(String)
        case wild([Token])
    }

    private enum Token: Sendable {
        case scalar(Unicode.Scalar)
        case any
        case star
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)

        func matches(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .scalar(let own): own == scalar
            case .any, .star: true
            case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
            }
        }
    }

    private static func tokens(_ component: Substring) -> [Token] {
        let scalars = Array(component.unicodeScalars)
        var tokens: [Token] = []
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            switch scalar {
            case "*": tokens.append(.star)
            case "?": tokens.append(.any)
            case "[":
                if let set = bracket(scalars, at: &index) { tokens.append(set) } else { tokens.append(.scalar(scalar)) }
            default: tokens.append(.scalar(scalar))
            }
        }
        return tokens
    }

    /// The set that begins at `index`, just after its `[`; nil, with `index` unchanged, if no `]` ends it.
    private static func bracket(_ scalars: [Unicode.Scalar], at index: inout Int) -> Token? {
        var position = index
        var isNegated = false
        if position < scalars.count, scalars[position] == "!" || scalars[position] == "^" {
            isNegated = true
            position += 1
        }
        // A `]` that comes first is a member, as in a shell.
        guard position < scalars.count, let end = scalars[(position + 1)...].firstIndex(of: "]") else { return nil }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while position < end {
            let low = scalars[position]
            if position + 2 < end, scalars[position + 1] == "-" {
                let high = scalars[position + 2]
                if low <= high { ranges.append(low...high) }
                position += 3
            } else {
                ranges.append(low...low)
                position += 1
            }
        }
        index = end + 1
        return .set(ranges, isNegated: isNegated)
    }

    private func matches(_ name: [Unicode.Scalar], _ tokens: [Token]) -> Bool {
        if name.first == ".", !matchesHidden {
            guard case .scalar(".")? = tokens.first else { return false }
        }
        var position = 0
        var token = 0
        var retry: (position: Int, token: Int)?
        while position < name.count {
            if token < tokens.count, case .star = tokens[token] {
                retry = (position, token)
                token += 1
            } else if token < tokens.count, tokens[token].matches(name[position]) {
                position += 1
                token += 1
            } else if let last = retry {
                // Let the last star take one more.
                position = last.position + 1
                token = last.token + 1
                retry = (position, last.token)
            } else {
                return false
            }
        }
        return tokens[token...].allSatisfy { if case .star = $0 { true } else { false } }
    }
}
