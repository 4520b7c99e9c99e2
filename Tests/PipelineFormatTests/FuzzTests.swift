// Random files: they are loaded, or their mistakes are reported.

import JSON
import Model
import PipelineFormat
import TestSupport
import Testing

@Suite struct FuzzTests {
    /// The example with bytes replaced, removed and duplicated.
    @Test(arguments: testSeeds(from: 1, count: 3)) func corruptBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var bytes = Array(ExampleTests.text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 40)], at: index)
                }
            }
            expectAnswer(bytes, "seed \(seed)")
        }
    }

    /// Well-formed files with misplaced values.
    @Test(arguments: testSeeds(from: 4, count: 3)) func misplacedValues(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let whole = try JSONReader.value(of: Array(ExampleTests.text.utf8), dialect: .pipeline)
        var parts: [JSONValue] = []
        collect(whole, into: &parts)
        parts += ["${{ json(params) }}", "${{ inputs.data }}", "train.scores", "", "../..", "**", "a@b=c"].map {
            .string($0)
        }
        parts += [.number("-1"), .number("1e999"), .number("99999999999999999999"), .null, .array([]), .object([])]
        for _ in 0..<300 {
            var value = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) { value = swapped(value, parts, &random) }
            expectAnswer(Array(value.text.utf8), "seed \(seed): \(value.text)")
        }
    }

    private func expectAnswer(_ bytes: [UInt8], _ comment: String) {
        do {
            let graph = try load(bytes: bytes, files: ["scripts/train.py": ""]).graph
            #expect(graph.order.count == graph.stages.count, "\(comment)")
            #expect(Set(graph.stages.map(\.name)).count == graph.stages.count, "\(comment)")
        } catch {
            #expect(!error.problems.isEmpty && !"\(error)".isEmpty, "\(comment)")
        }
    }

    private func collect(_ value: JSONValue, into parts: inout [JSONValue]) {
        parts.append(value)
        switch value {
        case .array(let elements): for element in elements { collect(element, into: &parts) }
        case .object(let members): for member in members { collect(member.value, into: &parts) }
        default: break
        }
    }

    /// The value with a random part replaced by another.
    private func swapped(_ value: JSONValue, _ parts: [JSONValue], _ random: inout SeededGenerator) -> JSONValue {
        switch value {
        case .array(var elements) where !elements.isEmpty && Int.random(in: 0..<6, using: &random) > 0:
            let index = Int.random(in: 0..<elements.count, using: &random)
            elements[index] = swapped(elements[index], parts, &random)
            return .array(elements)
        case .object(var members) where !members.isEmpty && Int.random(in: 0..<6, using: &random) > 0:
            let index = Int.random(in: 0..<members.count, using: &random)
            members[index] = JSONValue.Member(
                name: members[index].name, value: swapped(members[index].value, parts, &random))
            return .object(members)
        default:
            return parts.randomElement(using: &random) ?? value
        }
    }
}
