// Rules of make, as compilers write them.

import Testing

@testable import Coordinator

@Suite struct DepfileTests {
    @Test(arguments: [
        ("main.o: main.c lib.h\n", ["main.c", "lib.h"]),
        ("main.o: main.c \\\n  lib.h \\\r\n other.h\n", ["main.c", "lib.h", "other.h"]),
        ("a.o b.o : x.h\n\nc.o: y.h", ["x.h", "y.h"]),
        // With -MP: a rule without prerequisites for each header.
        ("main.o: main.c lib.h\nlib.h:\n", ["main.c", "lib.h"]),
        ("out: with\\ space.h do$$ar.h ha\\#sh.h\n", ["with space.h", "do$ar.h", "ha#sh.h"]),
        ("# a remark: with a colon\nout: x\n", ["x"]),
        ("out: a:b.h c\\d.h\n", ["a:b.h", "c\\d.h"]),
        ("out:\\\n\tx.h\n", ["x.h"]),
        ("", []), ("\n\n", []),
    ])
    func rulesAreRead(text: String, paths: [String]) {
        #expect(Depfile.prerequisites(in: Array(text.utf8)[...]) == paths)
    }

    @Test(arguments: ["no rule at all", ": x\n", "a b c\nout: x\n", "out: \u{1}x\nmore\n"])
    func anythingElseIsRefused(text: String) {
        #expect(Depfile.prerequisites(in: Array(text.utf8)[...]) == nil)
    }

    @Test func bytesThatAreNoTextAreRefused() {
        #expect(Depfile.prerequisites(in: Array("out: ".utf8)[...] + [0xFF, 0x0A]) == nil)
    }
}
