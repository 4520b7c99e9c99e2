// What one run tells another of the paths that it deals with.

import Testing

@testable import Coordinator

struct PathClaimsTests {
    private func encoded(_ claims: [(PathClaim, String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (claim, path) in claims { PathClaims.encode(claim, path, onto: &bytes) }
        return bytes
    }

    /// A path that is asked for, and the claimed one that stands against it: any claim, then one that changes.
    @Test(
        arguments: [
            ("out/a", "out/a", "out/a"),
            ("out", "out/a", "out/a"),  // a folder around it
            ("out/a/b/c", "out/a", "out/a"),  // deep inside it
            ("out/ab", nil, nil),
            ("data/raw", "data/raw", nil),  // relied on, not changed
            ("data/raw/x", "data/raw", nil),
            ("data", "data/raw", nil),
            ("given up", nil, nil),
            ("/abs/o", "/abs/o", "/abs/o"),
            ("/abs", "/abs/o", "/abs/o"),
            ("new\nline", "new\nline", "new\nline"),
            ("//p/stage", "//p/stage", "//p/stage"),
            ("p/stage", nil, nil),
        ] as [(String, String?, String?)])
    func pathsOverlapWithWhatTheyHoldOrLieIn(path: String, any: String?, changing: String?) {
        var claims = PathClaims()
        _ = claims.take(
            encoded([
                (.changing, "out/a"), (.pinned, "data/raw"), (.changing, "given up"), (.released, "given up"),
                (.changing, "/abs/o"), (.changing, "new\nline"), (.changing, "//p/stage"),
            ]))
        #expect(claims.overlapping(path) { _ in true } == any)
        #expect(claims.overlapping(path) { $0 == .changing } == changing)
    }

    @Test func recordsMayBeReadInPieces() {
        let bytes = encoded([(.changing, "a"), (.pinned, "a"), (.changing, "größe"), (.released, "größe")])
        for cut in 0...bytes.count {
            var claims = PathClaims()
            var news = claims.take(bytes[..<cut])
            news.merge(claims.take(bytes[cut...])) { _, later in later }
            #expect(news == ["a": .pinned, "größe": .released], "cut at \(cut)")
            #expect(claims.overlapping("größe") { _ in true } == nil)
        }
    }

    @Test func whatIsNoRecordIsPassedOver() {
        var claims = PathClaims()
        #expect(claims.take([0, 0, 0x3F, 0x61, 0]).isEmpty)
        #expect(claims.overlapping("a") { _ in true } == nil)
    }
}
