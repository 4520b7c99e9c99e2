// Templates whose values are known only when an attempt starts: the key contains them as they are written. Knows where
// they are in a stage; does not know their values.

/// What is known only when an attempt starts.
public enum LateValue: Hashable, Sendable {
    /// The paths that match the pattern of the input of that name.
    case matches(String)
    case cpus
    case memoryBytes
    case gpus
    case attempt

    /// Whether it can be several words, or one that needs quotes.
    public var isList: Bool { if case .matches = self { true } else { false } }
}

/// A template in a stage's command or environment.
public struct LateTemplate: Hashable, Sendable {
    public enum Place: Hashable, Sendable {
        /// The word of a list, by position.
        case word(Int)
        case shellText
        /// The variable of that name.
        case variable(String)
    }

    public let place: Place
    /// Where it begins, in UTF-8 bytes.
    public let start: Int
    /// Its length, in UTF-8 bytes.
    public let count: Int
    public let value: LateValue
    /// Whether its words are quoted for a shell.
    public let isQuoted: Bool

    public init(place: Place, start: Int, count: Int, value: LateValue, isQuoted: Bool) {
        self.place = place
        self.start = start
        self.count = count
        self.value = value
        self.isQuoted = isQuoted
    }
}

extension Stage {
    /// The stage with every late template replaced.
    public func rendered(_ words: (LateValue) -> [String]) -> Stage {
        guard !lateTemplates.isEmpty else { return self }
        var stage = self
        stage.lateTemplates = []
        // From the end, so that what is replaced moves nothing that is still to be replaced.
        for template in lateTemplates.reversed() {
            let words = words(template.value)
            let text = words.map { template.isQuoted ? shellQuoted($0) : $0 }.joined(separator: " ")
            switch (template.place, stage.command) {
            case (.shellText, .shell(let script)): stage.command = .shell(template.replaced(in: script, by: text))
            case (.word(let position), .argv(var all)) where position < all.count:
                if template.value.isList, template.count == all[position].utf8.count {
                    all.replaceSubrange(position...position, with: words)
                } else {
                    all[position] = template.replaced(in: all[position], by: text)
                }
                stage.command = .argv(all)
            case (.variable(let name), _):
                stage.environment = stage.environment.map { variable in
                    guard variable.name == name, let value = variable.value else { return variable }
                    return EnvironmentVariable(name: name, value: template.replaced(in: value, by: text))
                }
            case (.shellText, .argv), (.word, _): break
            }
        }
        return stage
    }
}

extension LateTemplate {
    fileprivate func replaced(in text: String, by value: String) -> String {
        var bytes = Array(text.utf8)
        guard start + count <= bytes.count else { return text }
        bytes.replaceSubrange(start..<(start + count), with: value.utf8)
        return String(decoding: bytes, as: UTF8.self)
    }
}
