// Why a YAML or TOML file cannot be read, and where. Knows no format.

import JSON
import Model

/// A mistake in a file.
public struct DataReadError: Error, Hashable, Sendable {
    public let position: JSONPosition
    /// A sentence without a full stop.
    public let message: String

    init(_ message: String, at position: JSONPosition) {
        self.message = message
        self.position = position
    }

    /// At a byte of the text.
    init(_ message: String, atByte offset: Int, of bytes: [UInt8]) {
        var (line, column) = (1, 1)
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                (line, column) = (line + 1, 1)
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.init(message, at: JSONPosition(line: line, column: column))
    }
}

/// Values nested deeper than this are an error, so that no file can exhaust the stack.
let depthLimit = 200

/// A number as JSON text: as it is written, where JSON has that form.
func jsonNumber(_ text: String) -> String? {
    guard let number = DecimalNumber(text) else { return nil }
    return (try? JSONReader.value(of: Array(text.utf8), dialect: .pipeline)) == .number(text) ? text : number.text
}

/// The decimal text of a whole number in another base; nil if a digit is invalid or there are too many.
func decimalText(ofDigits digits: some StringProtocol, base: Int) -> String? {
    guard !digits.isEmpty, digits.utf8.count <= 2_000 else { return nil }
    // Least significant digit first.
    var decimal: [Int] = [0]
    for character in digits {
        guard character.isASCII, var carry = character.hexDigitValue, carry < base else { return nil }
        for place in decimal.indices {
            let sum = decimal[place] * base + carry
            (decimal[place], carry) = (sum % 10, sum / 10)
        }
        while carry > 0 {
            decimal.append(carry % 10)
            carry /= 10
        }
    }
    return decimal.reversed().map(String.init).joined()
}
