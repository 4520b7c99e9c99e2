// The schema and the decoder know the same keys.

import JSON
import Model
import PipelineFormat
import Testing

@Suite struct SchemaTests {
    private let schema: JSONValue

    init() throws { schema = try JSONReader.value(of: Array(pipelineSchema.utf8), dialect: .metrics) }

    /// A file with an unknown key, and the object of the schema for that place.
    @Test(arguments: [
        (#"{"qqqqqq": 1}"#, []), (#"{"stages": {"s": {"qqqqqqqq": 1}}}"#, ["$defs", "stage"]),
        (#"{"axes": {"n": {"1": {"qqqqqqqq": 1}}}}"#, ["$defs", "overlay"]),
        (#"{"defaults": {"retries": {"qqqqqqqq": 1}}}"#, ["$defs", "retries", "oneOf", "1"]),
        (#"{"defaults": {"outputs": {"o": {"path": "p", "qqqqqqqq": 1}}}}"#, ["$defs", "output", "oneOf", "1"]),
    ]) func keys(text: String, path: [String]) throws {
        let problem = try #require(problems(text).first { $0.contains("known: ") })
        let list = try #require(problem.split(separator: ": ").last?.dropLast())
        let known = list.split(separator: ", ").map(String.init)
        var node: JSONValue? = schema
        for step in path {
            if case .array(let elements)? = node, let index = Int(step) {
                node = elements[index]
            } else {
                node = node?[step]
            }
        }
        guard case .object(let properties)? = node?["properties"] else {
            Issue.record("no properties at \(path)")
            return
        }
        #expect(properties.map(\.name) == known)
    }

    @Test func inputKeys() throws {
        let problem = try #require(
            problems(#"{"defaults": {"inputs": {"i": {"path": "p", "qqqqqqqq": 1}}}}"#).first { $0.contains("known") })
        #expect(problem.contains("known: path, from, digest, exclude."))
        guard case .array(let forms)? = schema["$defs"]?["input"]?["oneOf"] else {
            Issue.record("no forms of an input")
            return
        }
        #expect(forms[1]["properties"]?["digest"] != nil && forms[2]["properties"]?["from"] != nil)
    }

    /// Every `$ref` exists.
    @Test func references() throws {
        var names: [String] = []
        func collect(_ value: JSONValue) {
            switch value {
            case .array(let elements): elements.forEach(collect)
            case .object(let members):
                for member in members {
                    if member.name == "$ref", case .string(let target) = member.value { names.append(target) }
                    collect(member.value)
                }
            default: break
            }
        }
        collect(schema)
        #expect(names.count > 20)
        for name in names {
            #expect(name.hasPrefix("#/$defs/") && schema["$defs"]?[String(name.dropFirst(8))] != nil, "\(name)")
        }
    }
}
