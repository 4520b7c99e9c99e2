// Durations and sizes as a pipeline writes them.

import PipelineFormat
import Testing

@Suite struct AmountTests {
    @Test(
        arguments: [
            ("90s", 90), ("10m", 600), ("4h", 14400), ("1d", 86400), ("500ms", 0.5), ("1.5h", 5400), ("30", 30),
            ("0.25", 0.25),
            ("2 h", 7200), ("0s", 0), ("", nil), ("s", nil), ("-1s", nil), ("1w", nil), ("1h30m", nil), (".5s", nil),
            ("1.s", nil), ("1e3", nil), ("inf", nil), ("nan", nil), ("0x10", nil), ("1S", nil),
        ] as [(String, Double?)]) func durations(text: String, expected: Double?)
    {
        #expect(seconds(ofDuration: text) == expected)
    }

    @Test(
        arguments: [
            ("16GiB", 17_179_869_184), ("16GB", 16_000_000_000), ("512MiB", 536_870_912), ("1kB", 1000), ("1KB", 1000),
            ("1KiB", 1024), ("1.5GiB", 1_610_612_736), ("1048576", 1_048_576), ("2TB", 2_000_000_000_000), ("7B", 7),
            ("9223372036854775807", 9_223_372_036_854_775_807), ("1 GiB", 1_073_741_824), ("0", 0), ("", nil),
            ("16G", nil),
            ("16gib", nil), ("-1", nil), ("99999PiB", nil), ("GiB", nil), ("1e9", nil),
        ] as [(String, Int64?)]) func sizes(text: String, expected: Int64?)
    {
        #expect(bytes(ofSize: text) == expected)
    }
}
