// Decodes axes and the matrix of a stage with its `include` and `exclude`. Knows values; does not expand them.

import JSON
import Model

struct MatrixDecoder {
    let values: ValueDecoder
    let settings: SettingsDecoder

    /// The pipeline's `axes`, or a stage's own.
    func axes(_ members: [JSONMember], _ place: String) -> Named<Axis> {
        members.compactMap { member in
            let own = join(place, member.name)
            if !isPlainName(member.name) {
                values.report(own, member.position, "invalid axis name; use letters, digits, '_' and '-' only.")
            }
            return axis(member.value, own).map { (member.name, $0) }
        }
    }

    private func axis(_ node: JSONNode, _ place: String) -> Axis? {
        var axis = Axis(values: [], position: node.position)
        switch node.content {
        case .array(let elements):
            axis.values = elements.enumerated().compactMap { index, element in value(element, "\(place)[\(index)]") }
            axis.isDamaged = axis.values.count < elements.count
        case .object:
            for member in values.names(of: node, place, keepsExtensions: true) {
                var value = value(ofKey: member, place)
                value.overlay = overlay(member.value, join(place, member.name))
                axis.values.append(value)
            }
        default:
            values.wrongType(node, place, expected: "a list of values or an object whose keys are the values")
            return nil
        }
        var known: [String: AxisValue] = [:]
        for value in axis.values {
            // Values that are equal or spelled alike would make two stages that cannot be distinguished.
            let twin = known[value.comparable] ?? known[value.spelled]
            known[value.comparable] = value
            known[value.spelled] = value
            if let twin {
                values.report(
                    place, value.position, "duplicate value: '\(value.spelled)' equals '\(twin.spelled)'.")
            }
        }
        return axis
    }

    /// A string, a number, true or false.
    private func value(_ node: JSONNode, _ place: String) -> AxisValue? {
        let spelled: String
        switch node.content {
        case .string(let text) where text.isEmpty:
            values.report(place, node.position, "a matrix value must not be empty, because it is part of stage names.")
            return nil
        case .string:
            guard let text = values.text(node, place) else { return nil }
            spelled = text
        case .number(let text):
            values.checkNumber(text, place, node.position)
            spelled = text
        case .bool(let flag): spelled = flag ? "true" : "false"
        default:
            values.wrongType(node, place, expected: "a string, a number, true or false")
            return nil
        }
        return AxisValue(
            value: node.value, spelled: spelled, comparable: comparable(node.value, spelled), position: node.position)
    }

    /// The value of a key: a number if the key is a JSON number, else a string.
    private func value(ofKey member: JSONMember, _ place: String) -> AxisValue {
        let asNumber = try? JSONReader.value(of: Array(member.name.utf8), dialect: .metrics)
        let isNumber = if case .number? = asNumber { DecimalNumber(member.name) != nil } else { false }
        if member.name.isEmpty || member.name.utf8.contains(0) {
            values.report(place, member.position, "a matrix value must not be empty or contain a NUL character.")
        }
        if isNumber { values.checkNumber(member.name, place, member.position) }
        let value: JSONValue = isNumber ? .number(member.name) : .string(member.name)
        return AxisValue(
            value: value, spelled: member.name, comparable: comparable(value, member.name), position: member.position)
    }

    /// Numbers compare as numbers, strings such as "3.1" and "3.10" do not.
    private func comparable(_ value: JSONValue, _ spelled: String) -> String {
        if case .number = value { comparableValue(spelled) } else { spelled }
    }

    private func overlay(_ node: JSONNode, _ place: String) -> Settings {
        var overlay = Settings()
        values.fields(of: node, place, known: SettingsDecoder.keys) { settings.take($0, place, into: &overlay) }
        return overlay
    }

    /// The matrix; its object form may have `include` and `exclude`.
    func matrix(_ node: JSONNode, _ place: String, into stage: StageDocument) {
        switch node.content {
        case .array:
            stage.matrix = values.texts(node, place, of: "axis names").map { .axes($0) }
        case .object:
            var lists: [JSONMember] = []
            for member in values.names(of: node, place) {
                switch member.name {
                case "include": stage.include = points(member.value, join(place, "include"))
                case "exclude": stage.exclude = points(member.value, join(place, "exclude"))
                default: lists.append(member)
                }
            }
            stage.matrix = .own(axes(lists, place), position: node.position)
        default:
            values.wrongType(node, place, expected: "a list of axis names or an object of lists")
        }
    }

    func points(_ node: JSONNode, _ place: String) -> [MatrixPoint]? {
        values.elements(of: node, place, of: "objects")?.enumerated().map { index, element in
            let own = "\(place)[\(index)]"
            let coordinates: Named<AxisValue> = values.names(of: element, own).compactMap { member in
                value(member.value, join(own, member.name)).map { (member.name, $0) }
            }
            return MatrixPoint(values: coordinates, position: element.position)
        }
    }
}
