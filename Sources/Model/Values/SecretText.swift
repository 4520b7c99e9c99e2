// Finds secrets in texts such as commands, command lines and patches: values of names that are secret, and values that
// look like tokens of well-known services. Pure; does not know what the texts are for.

extension SecretRules {
    /// The secret parts of a text, in order.
    public func secrets(in text: some Collection<UInt8>) -> [Range<Int>] {
        var scanner = SecretScanner(bytes: Array(text), rules: self)
        return scanner.scan()
    }
}

private struct SecretScanner {
    let bytes: [UInt8]
    let rules: SecretRules
    private var found: [Range<Int>] = []

    init(bytes: [UInt8], rules: SecretRules) {
        self.bytes = bytes
        self.rules = rules
    }

    mutating func scan() -> [Range<Int>] {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if isWord(byte), index == 0 || !isWord(bytes[index - 1]) {
                if let end = tokenEnd(from: index) {
                    found.append(index..<end)
                    index = end
                    continue
                }
                let end = nameEnd(from: index)
                if let value = bearerToken(from: index, to: end) ?? value(ofName: index..<end) {
                    found.append(value)
                    index = value.upperBound
                } else {
                    // `sk-…` may follow a hyphen or a dot.
                    index = wordEnd(from: index)
                }
                continue
            }
            if byte == UInt8(ascii: ":"), let password = passwordOfURL(at: index) {
                found.append(password)
                index = password.upperBound
            } else if byte == UInt8(ascii: "-"), let end = privateKeyEnd(from: index) {
                found.append(index..<end)
                index = end
            } else {
                index += 1
            }
        }
        return found
    }

    // MARK: - Names and their values

    /// `NAME=value`, `--name value`, `"name": "value"`, `name: value`.
    private func value(ofName name: Range<Int>) -> Range<Int>? {
        // What follows decides first: most words have no value.
        guard let (start, separator) = valueStart(after: name), start < bytes.count else { return nil }
        guard rules.isSecret(nameInText: String(decoding: bytes[name], as: UTF8.self)) else { return nil }
        if let quote = self.quote(at: start) {
            let from = start + quote.count
            return checked(from..<end(ofQuoted: quote, from: from))
        }
        // 'NAME=a value'
        if name.lowerBound > 0, let quote = self.quote(at: name.lowerBound - 1), quote.count == 1,
            self.quote(at: name.upperBound) == nil
        {
            return checked(start..<end(ofQuoted: quote, from: start))
        }
        var stop = start
        while stop < bytes.count, !isEndOfValue(bytes[stop], separator) { stop += 1 }
        // A call or a subscript is code that finds the value elsewhere.
        if stop < bytes.count, stop > start, "([".utf8.contains(bytes[stop]) { return nil }
        while stop > start, ",;".utf8.contains(bytes[stop - 1]) { stop -= 1 }
        return checked(start..<stop)
    }

    private func valueStart(after name: Range<Int>) -> (start: Int, separator: UInt8)? {
        var index = name.upperBound
        let isOption = name.lowerBound > 1 && bytes[name.lowerBound - 1] == 45 && bytes[name.lowerBound - 2] == 45
        if let quote = self.quote(at: index), name.lowerBound > 0 { index += quote.count }
        let spaced = skipSpaces(from: index)
        guard spaced < bytes.count else { return nil }
        let separator = bytes[spaced]
        if separator == UInt8(ascii: "=") || separator == UInt8(ascii: ":") {
            var next = spaced + 1
            // `==` compares, `:=` assigns.
            if next < bytes.count, bytes[next] == UInt8(ascii: "=") {
                if separator == UInt8(ascii: "=") { return nil }
                next += 1
            }
            // An empty value of a shell: NAME= command.
            if separator == UInt8(ascii: "="), spaced == index, next < bytes.count, bytes[next] == 32 { return nil }
            return (skipSpaces(from: next), separator)
        }
        guard isOption, spaced > index, separator != UInt8(ascii: "-") else { return nil }
        return (spaced, 32)
    }

    /// nil for what is not worth hiding, or only refers to a secret.
    private func checked(_ value: Range<Int>) -> Range<Int>? {
        let text = bytes[value]
        guard let first = text.first, first != UInt8(ascii: "$"), first != UInt8(ascii: "`"),
            !text.starts(with: "sha256:".utf8), !text.starts(with: "%".utf8), !text.starts(with: "{".utf8)
        else { return nil }
        let word = String(decoding: text, as: UTF8.self)
        let isPlain = Double(word) != nil || ["true", "false", "null", "none", "nil"].contains(word.lowercased())
        return isPlain ? nil : value
    }

    private func isEndOfValue(_ byte: UInt8, _ separator: UInt8) -> Bool {
        if byte <= 32 || "\"'`;&|<>()[]{}".utf8.contains(byte) { return true }
        return byte == UInt8(ascii: ",") && separator == UInt8(ascii: ":")
    }

    /// A quote, also one that is escaped in another quoted text.
    private func quote(at index: Int) -> [UInt8]? {
        guard index < bytes.count else { return nil }
        if "\"'".utf8.contains(bytes[index]) { return [bytes[index]] }
        guard bytes[index] == 92, index + 1 < bytes.count, "\"'".utf8.contains(bytes[index + 1]) else { return nil }
        return [92, bytes[index + 1]]
    }

    private func end(ofQuoted quote: [UInt8], from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            if bytes[index...].starts(with: quote) { return index }
            index += bytes[index] == 92 && quote.count == 1 && quote[0] == UInt8(ascii: "\"") ? 2 : 1
        }
        return bytes.count
    }

    private func skipSpaces(from start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] == 32 || bytes[index] == 9 { index += 1 }
        return index
    }

    /// Of a name with hyphens and dots inside.
    private func nameEnd(from start: Int) -> Int {
        var index = wordEnd(from: start)
        while index + 1 < bytes.count, bytes[index] == 45 || bytes[index] == 46, isWord(bytes[index + 1]) {
            index = wordEnd(from: index + 1)
        }
        return index
    }

    private func wordEnd(from start: Int) -> Int {
        var index = start
        while index < bytes.count, isWord(bytes[index]) { index += 1 }
        return index
    }

    // MARK: - Values that look like secrets

    private static let prefixes: [(prefix: [UInt8], least: Int)] = [
        ("sk-", 20), ("ghp_", 20), ("gho_", 20), ("ghu_", 20), ("ghs_", 20), ("ghr_", 20), ("github_pat_", 20),
        ("glpat-", 20), ("hf_", 20), ("AKIA", 16), ("ASIA", 16), ("xoxb-", 20), ("xoxp-", 20),
    ].map { (Array($0.0.utf8), $0.1) }

    private func tokenEnd(from start: Int) -> Int? {
        guard "sghAxe".utf8.contains(bytes[start]) else { return nil }
        let rest = bytes[start...]
        for (prefix, least) in Self.prefixes where rest.starts(with: prefix) {
            let end = self.end(of: start + prefix.count) { isWord($0) || $0 == 45 }
            return end - start - prefix.count >= least ? end : nil
        }
        guard rest.starts(with: "eyJ".utf8) else { return nil }
        // Three parts in base64, the first an object.
        let end = self.end(of: start) { isWord($0) || $0 == 45 || $0 == 46 }
        let parts = bytes[start..<end].split(separator: 46)
        return parts.count == 3 && end - start >= 30 ? end : nil
    }

    private func bearerToken(from start: Int, to end: Int) -> Range<Int>? {
        guard end - start == 6, String(decoding: bytes[start..<end], as: UTF8.self).lowercased() == "bearer",
            end < bytes.count, bytes[end] == 32
        else { return nil }
        let stop = self.end(of: end + 1) { isWord($0) || "-._~+/=".utf8.contains($0) }
        let token = bytes[(end + 1)..<stop]
        // Not a word of a sentence.
        let isToken = token.count >= 20 || token.count >= 8 && token.contains { (48...57).contains($0) }
        return isToken ? end + 1..<stop : nil
    }

    /// At the colon of `://user:password@host`.
    private func passwordOfURL(at colon: Int) -> Range<Int>? {
        guard bytes[colon...].starts(with: "://".utf8) else { return nil }
        let start = colon + 3
        let end = self.end(of: start) { $0 > 32 && !"/?#\"'<>`".utf8.contains($0) }
        guard let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")),
            let separator = bytes[start..<at].firstIndex(of: UInt8(ascii: ":")), separator + 1 < at
        else { return nil }
        let password = separator + 1..<at
        let first = bytes[password.lowerBound]
        return first == UInt8(ascii: "$") || bytes[password].starts(with: "sha256:".utf8) ? nil : password
    }

    private func privateKeyEnd(from start: Int) -> Int? {
        guard bytes[start...].starts(with: "-----BEGIN ".utf8) else { return nil }
        let line = self.end(of: start) { $0 != 10 && $0 != 92 }
        let title = String(decoding: bytes[start..<line], as: UTF8.self)
        guard title.contains("PRIVATE KEY-----") else { return nil }
        let mark = Array("-----END ".utf8)
        var index = line
        while index < bytes.count, !bytes[index...].starts(with: mark) { index += 1 }
        guard index < bytes.count else { return bytes.count }
        let words = self.end(of: index + mark.count) { $0 != 45 }
        return min(bytes.count, words + 5)
    }

    private func end(of start: Int, while isPart: (UInt8) -> Bool) -> Int {
        var index = start
        while index < bytes.count, isPart(bytes[index]) { index += 1 }
        return index
    }

    private func isWord(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 95
    }
}
