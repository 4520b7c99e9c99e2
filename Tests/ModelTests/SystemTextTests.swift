// Bytes as text and back.

import Model
import TestSupport
import Testing

@Suite struct SystemTextTests {
    @Test func validTextStandsForItself() {
        for text in ["", "a=b", "grün", "日本語", "😀", "\u{10FE00}", "\u{10FF00}"] {
            #expect(SystemText.text(of: text.utf8) == text)
            #expect(SystemText.bytes(of: text) == Array(text.utf8))
        }
    }

    @Test func otherBytesAreToldApart() {
        let all: [[UInt8]] = [
            [0xFF], [0xFE], [0x80], [0xC3], [0xC3, 0x41], [0xE2, 0x82], [0xF4, 0x8F, 0xBA, 0x80], [0xED, 0xA0, 0x80],
            [0x61, 0xFF, 0x62], [0xEF, 0xBF, 0xBD], [0xC0, 0x80], [0xF5, 0x80, 0x80, 0x80],
        ]
        #expect(Set(all.map { SystemText.text(of: $0) }).count == all.count)
        for bytes in all { #expect(SystemText.bytes(of: SystemText.text(of: bytes)) == bytes) }
    }

    @Test(arguments: testSeeds(count: 20)) func anyBytesComeBack(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let interesting: [UInt8] = [0x41, 0x80, 0x8F, 0xBA, 0xBB, 0xBF, 0xC3, 0xE2, 0xF0, 0xF4, 0xFF]
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                interesting.randomElement(using: &random) ?? 0
            }
            #expect(SystemText.bytes(of: SystemText.text(of: bytes)) == bytes, "\(bytes)")
        }
    }
}
