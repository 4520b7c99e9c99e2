// Encodes and decodes late templates. Knows every field of `LateTemplate`; does not know stages.

import Model

extension ByteWriter {
    mutating func write(_ template: LateTemplate) {
        switch template.place {
        case .word(let position):
            write(0)
            write(position)
        case .shellText: write(1)
        case .variable(let name):
            write(2)
            write(name)
        }
        write(template.start)
        write(template.count)
        switch template.value {
        case .matches(let name):
            write(0)
            write(name)
        case .cpus: write(1)
        case .memoryBytes: write(2)
        case .gpus: write(3)
        case .attempt: write(4)
        }
        write(template.isQuoted)
    }
}

extension ByteReader {
    mutating func lateTemplate() throws(Malformed) -> LateTemplate {
        let place: LateTemplate.Place
        switch try integer() {
        case 0: place = .word(try integer())
        case 1: place = .shellText
        case 2: place = .variable(try text())
        default: throw Malformed()
        }
        let (start, count) = (try integer(), try integer())
        let value: LateValue
        switch try integer() {
        case 0: value = .matches(try text())
        case 1: value = .cpus
        case 2: value = .memoryBytes
        case 3: value = .gpus
        case 4: value = .attempt
        default: throw Malformed()
        }
        return LateTemplate(place: place, start: start, count: count, value: value, isQuoted: try flag())
    }
}
