// Which names stand for secrets: passwords, tokens and keys, whose values are not stored. Pure; does not know where the
// values are.

/// The rules by which names are secret, and a pipeline's own additions and exceptions (`"secrets"` in the file).
public struct SecretRules: Hashable, Sendable {
    /// Names of params and variables that are secret as well.
    public var also: Set<String>
    /// Names that are not, whatever the rules say.
    public var not: Set<String>

    public init(also: Set<String> = [], not: Set<String> = []) {
        self.also = also
        self.not = not
    }

    /// The word `KEY` in `MY_KEY` or `myKey`, but not in `MONKEY`.
    private static let variableWords: Set<String> = [
        "pass", "passwd", "password", "passphrase", "pat", "token", "secret", "secrets", "key", "apikey", "auth",
        "credential", "credentials", "bearer",
    ]
    private static let variables: Set<String> = [
        "mysql_pwd", "database_url", "sshpass", "sentry_dsn", "authorization",
    ]
    /// Ends of words: `PGPASSWORD`, `GITHUBTOKEN`.
    private static let variableEnds = ["password", "passwd", "secret", "token", "apikey"]
    private static let lastParamWords: Set<String> = [
        "password", "passwd", "passphrase", "secret", "credential", "credentials", "apikey", "authorization",
    ]
    private static let lastTwoParamWords: Set<String> = [
        "api_key", "access_key", "private_key", "secret_key", "api_token", "access_token", "auth_token",
    ]

    /// Whether the value of a variable is secret.
    public func isSecret(variable name: String) -> Bool {
        if let own = ownRule(name) { return own }
        if Self.variables.contains(name.lowercased()) { return true }
        return words(of: name).contains { word in
            Self.variableWords.contains(word) || Self.variableEnds.contains { word.hasSuffix($0) }
        }
    }

    /// Whether the value of a param is secret, if it is not a number or a boolean.
    ///
    /// - Parameter path: its name, or the path to it: `db.password`; `credentials.user` is secret too.
    public func isSecret(param path: String) -> Bool {
        if let own = ownRule(path) { return own }
        // From the value to the outermost object, so that an exception for the value itself takes precedence.
        for name in path.split(separator: ".").reversed() {
            if let own = ownRule(String(name)) { return own }
            let words = words(of: name)
            guard let last = words.last else { continue }
            if Self.lastParamWords.contains(last)
                || words.count > 1 && Self.lastTwoParamWords.contains("\(words[words.count - 2])_\(last)")
            {
                return true
            }
        }
        return false
    }

    /// Whether a name in a text is secret: of a variable if it has no lowercase letter, else of a param.
    public func isSecret(nameInText word: String) -> Bool {
        // Options and headers have hyphens.
        let name = word.utf8.contains(45) ? word.split(separator: "-").joined(separator: "_") : word
        return name.utf8.contains { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
            ? isSecret(param: name) : isSecret(variable: name)
    }

    private func ownRule(_ name: String) -> Bool? {
        if not.contains(name) { return false }
        return also.contains(name) ? true : nil
    }

    /// `MY_KEY`, `my-key`, `MyKey` and `myKEY` as `my`, `key`.
    private func words(of name: some StringProtocol) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        let bytes = Array(name.utf8)
        func isUpper(_ byte: UInt8) -> Bool { (65...90).contains(byte) }
        func isLower(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
        func endWord() {
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self).lowercased()) }
            word = []
        }
        for (index, byte) in bytes.enumerated() {
            let isLetter = isUpper(byte) || isLower(byte) || byte >= 128
            guard isLetter || (48...57).contains(byte) else {
                endWord()
                continue
            }
            if isUpper(byte), let last = word.last {
                let beginsHump = isUpper(last) && index + 1 < bytes.count && isLower(bytes[index + 1])
                if !isUpper(last) || beginsHump { endWord() }
            }
            word.append(byte)
        }
        endWord()
        return words
    }
}
