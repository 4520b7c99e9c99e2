// Words that select stages: `train`, `train@dataset=iris,lr=0.1|0.3`, `train@*`. Knows names as text; does not know the
// graph.

/// A word of the command line, or of `"default"`, that names stages.
///
/// A template names all its stages; a template with values those that have these values, in any order; a pattern those
/// whose full names it matches.
public struct StageSelector: Sendable {
    private let text: String
    private let pattern: GlobPattern?
    private let template: Substring
    /// For each key, the accepted values in comparable form; nil if the text is malformed.
    private let wanted: [(key: Substring, values: [String])]?

    public init(_ text: String) {
        self.text = text
        pattern = GlobPattern.isPattern(text) ? GlobPattern(text) : nil
        guard let sign = text.firstIndex(of: "@") else {
            template = text[...]
            wanted = []
            return
        }
        template = text[..<sign]
        var wanted: [(key: Substring, values: [String])]? = []
        for pair in text[text.index(after: sign)...].split(separator: ",", omittingEmptySubsequences: false) {
            guard let equals = pair.firstIndex(of: "=") else {
                wanted = nil
                break
            }
            let values = pair[pair.index(after: equals)...].split(separator: "|", omittingEmptySubsequences: false)
            wanted?.append((pair[..<equals], values.map { comparableValue(percentDecoded($0)) }))
        }
        self.wanted = wanted
    }

    public func matches(stageName: String, template: String) -> Bool {
        if stageName == text { return true }
        if let pattern { return pattern.matches(stageName) }
        guard template == self.template, let wanted else { return false }
        if wanted.isEmpty { return true }
        let values = matrixValues(ofStageNamed: stageName)
        return wanted.allSatisfy { key, allowed in
            values.contains { $0.key == key && allowed.contains($0.value) }
        }
    }

    private func matrixValues(ofStageNamed name: String) -> [(key: Substring, value: String)] {
        guard let sign = name.firstIndex(of: "@") else { return [] }
        return name[name.index(after: sign)...].split(separator: ",").compactMap { pair in
            guard let equals = pair.firstIndex(of: "=") else { return nil }
            return (pair[..<equals], comparableValue(percentDecoded(pair[pair.index(after: equals)...])))
        }
    }
}

/// The canonical text of a matrix value, equal for equal values: numbers by value, anything else unchanged.
public func comparableValue(_ spelled: String) -> String {
    let mayBeNumber =
        spelled.utf8.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        && spelled.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
        }
    // `007` is a name rather than a number, as in JSON.
    let digits = spelled.utf8.drop { $0 == UInt8(ascii: "-") }
    let isPadded =
        digits.first == UInt8(ascii: "0")
        && digits.dropFirst().first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } == true
    guard mayBeNumber, !isPadded else { return spelled }
    return JSONValue.number(spelled).canonicalText
}

/// The text as a matrix value of a stage's name: bytes other than `[A-Za-z0-9_.+-]` as `%` and two digits.
public func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".unicodeScalars)
    var result = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "+"),
            UInt8(ascii: "-"):
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            result += "%"
            result.unicodeScalars.append(digits[Int(byte >> 4)])
            result.unicodeScalars.append(digits[Int(byte & 15)])
        }
    }
    return result
}

/// The inverse of `percentEncoded`; a `%` without two digits after it stays.
func percentDecoded(_ text: Substring) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    let bytes = Array(text.utf8)
    var decoded: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
            let byte = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
        {
            decoded.append(byte)
            index += 3
        } else {
            decoded.append(bytes[index])
            index += 1
        }
    }
    return String(decoding: decoded, as: UTF8.self)
}
