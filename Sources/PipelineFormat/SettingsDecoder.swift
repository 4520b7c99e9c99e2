// Decodes what stages, defaults and axis values have in common: params, resources, env, timeout, retries. Knows single
// values; does not merge them.

import JSON
import Model

struct SettingsDecoder {
    static let keys = ["params", "resources", "env", "timeout", "retries"]

    let values: ValueDecoder

    /// Decodes one member of a stage or an axis value; false if the key is not one of these.
    func take(_ member: JSONMember, _ place: String, into settings: inout Settings) -> Bool {
        let node = member.value
        switch member.name {
        case "params": settings.params = [params(node, join(place, "params"))]
        case "resources": settings.resources = resources(node, join(place, "resources"))
        case "env": settings.env = env(node, join(place, "env"))
        case "timeout": settings.timeoutSeconds = values.duration(node, join(place, "timeout"), mayBeZero: false)
        case "retries": settings.retries = retries(node, join(place, "retries"))
        default: return false
        }
        return true
    }

    func params(_ node: JSONNode, _ place: String) -> [JSONValue.Member] {
        var params: [JSONValue.Member] = []
        for member in values.names(of: node, place) {
            if !isReference(member.name) {
                values.report(
                    join(place, member.name), member.position,
                    "invalid param name '\(member.name)': it must not be empty or contain whitespace, quotes or "
                        + "brackets."
                )
            }
            if case .string(let text) = member.value.content, text.contains("${{") {
                values.report(
                    join(place, member.name), member.value.position,
                    "a param cannot contain a template; templates work in command, env, workdir and paths only.")
            }
            values.check(member.value, join(place, member.name))
            params.append(JSONValue.Member(name: member.name, value: member.value.value))
        }
        if let twice = Self.repeatedPath(in: params) {
            values.report(
                place, node.position, "the param '\(twice)' is given twice: by a name with a dot, and inside an object."
            )
        }
        return params
    }

    /// A path that an object has both by a name with a dot and by objects.
    private static func repeatedPath(in params: [JSONValue.Member]) -> String? {
        func hasDot(_ member: JSONValue.Member) -> Bool {
            if member.name.contains(".") { return true }
            if case .object(let members) = member.value { return members.contains(where: hasDot) }
            return false
        }
        guard params.contains(where: hasDot) else { return nil }
        var seen: Set<String> = []
        let leaves = params.flatMap { ParamTree.leaves(of: $0.value, at: [$0.name]) }
        return leaves.map(\.name).first { !seen.insert($0).inserted }
    }

    private func resources(_ node: JSONNode, _ place: String) -> ResourceSettings {
        var resources = ResourceSettings()
        for member in values.names(of: node, place) {
            let node = member.value
            switch member.name {
            case "cpus": resources.cpus = values.quantity(node, join(place, "cpus"))
            case "gpus":
                guard let gpus = values.quantity(node, join(place, "gpus")) else { continue }
                if gpus > .one && !gpus.isWhole {
                    values.report(
                        join(place, "gpus"), node.position,
                        "\(gpus) is not a valid number of GPUs; use a whole number, or a fraction below 1 to share a "
                            + "device."
                    )
                }
                resources.gpus = gpus
            case "memory": resources.memoryBytes = values.size(node, join(place, "memory"))
            default:
                guard case .number = node.content else {
                    let hint = resourceMeant(by: member.name).map { " Did you mean '\($0)'?" } ?? ""
                    values.report(
                        join(place, member.name), node.position,
                        "a counted resource must be a number.\(hint)")
                    continue
                }
                resources.counted[member.name] = values.quantity(node, join(place, member.name))
            }
        }
        return resources
    }

    private func env(_ node: JSONNode, _ place: String) -> [String: EnvironmentSetting] {
        var env: [String: EnvironmentSetting] = [:]
        for member in values.names(of: node, place) {
            let own = join(place, member.name)
            checkVariable(member.name, own, member.position)
            let text: String?
            switch member.value.content {
            case .string: text = values.text(member.value, own)
            case .number(let spelled): text = spelled
            case .bool(let flag): text = flag ? "true" : "false"
            default:
                values.wrongType(member.value, own, expected: "a string, a number, true or false")
                text = nil
            }
            guard let text else { continue }
            env[member.name] = EnvironmentSetting(
                text: Located(value: text, position: member.value.position), place: own)
        }
        return env
    }

    func checkVariable(_ name: String, _ place: String, _ position: JSONPosition) {
        if name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) || name.utf8.contains(0) {
            values.report(
                place, position, "invalid variable name '\(name)': it must not be empty or contain '='.")
        }
    }

    private func retries(_ node: JSONNode, _ place: String) -> RetrySettings {
        var retries = RetrySettings()
        if case .number = node.content {
            retries.max = values.wholeNumber(node, place)
            return retries
        }
        guard case .object = node.content else {
            values.wrongType(node, place, expected: "a number or an object")
            return retries
        }
        values.fields(of: node, place, known: ["max", "delay", "on", "memory"]) { member in
            let node = member.value
            switch member.name {
            case "max": retries.max = values.wholeNumber(node, join(place, "max"))
            case "delay": retries.delaySeconds = values.duration(node, join(place, "delay"), mayBeZero: true)
            case "on": retries.on = endStates(node, join(place, "on"))
            case "memory": retries.memoryFactor = memoryFactor(node, join(place, "memory"))
            default: return false
            }
            return true
        }
        return retries
    }

    private func endStates(_ node: JSONNode, _ place: String) -> Set<ExecutionState>? {
        let known = [ExecutionState.failed, .timedOut, .outOfMemory]
        guard let words = values.texts(node, place, of: "end states") else { return nil }
        var states: Set<ExecutionState> = []
        for (index, word) in words.enumerated() {
            if let state = ExecutionState(rawValue: word.value), known.contains(state) {
                states.insert(state)
                continue
            }
            let hint = suggestion(for: word.value, among: known.map(\.rawValue))
            values.report("\(place)[\(index)]", word.position, "unknown end state '\(word.value)'; \(hint)")
        }
        return states
    }

    private func memoryFactor(_ node: JSONNode, _ place: String) -> Double? {
        if case .string(let text) = node.content, text.hasPrefix("x"), let factor = Double(text.dropFirst()),
            (1...1000).contains(factor)
        {
            return factor
        }
        values.report(
            place, node.position, "must be a factor of 1 or more for each retry, such as \"x2\".")
        return nil
    }
}
