// Bytes of the system as text and back: variables of the environment need not be UTF-8. Knows the encoding; does not
// know what the bytes are.

/// Text that stands for bytes of any kind. Valid UTF-8 stands for itself; each other byte is a private character, so that
/// different bytes are different texts, and the bytes can be had again.
public enum SystemText {
    /// The character of byte 0x80 is U+10FE80.
    private static let base: UInt32 = 0x10FE00
    private static let stand = (base + 0x80)...(base + 0xFF)

    public static func text(of bytes: some Collection<UInt8>) -> String {
        // All these characters begin with this byte, which hardly any text has.
        if !bytes.contains(0xF4), let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = String.UnicodeScalarView()
        var rest = ArraySlice(Array(bytes))
        while let first = rest.first {
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            if let scalar = String(validating: rest.prefix(length), as: UTF8.self)?.unicodeScalars.first,
                !stand.contains(scalar.value)
            {
                text.append(scalar)
                rest = rest.dropFirst(length)
            } else if let scalar = Unicode.Scalar(base + UInt32(first)) {
                text.append(scalar)
                rest = rest.dropFirst()
            }
        }
        return String(text)
    }

    public static func bytes(of text: String) -> [UInt8] {
        if !text.utf8.contains(0xF4) { return Array(text.utf8) }
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            if let byte = byte(for: scalar) {
                bytes.append(byte)
            } else {
                bytes.append(contentsOf: String(scalar).utf8)
            }
        }
        return bytes
    }

    /// The byte that the character stands for; nil if it stands for itself.
    public static func byte(for scalar: Unicode.Scalar) -> UInt8? {
        stand.contains(scalar.value) ? UInt8(scalar.value - base) : nil
    }
}
