// Patterns, selectors and suggestions.

import Model
import Testing

@Suite struct NameTests {
    @Test(arguments: [
        ("*.csv", "a.csv", true), ("*.csv", "d/a.csv", false), ("*.csv", ".csv", false), (".*", ".csv", true),
        ("d/*", "d/a", true), ("d/*", "d", false), ("d/*", "d/a/b", false), ("d/**", "d", false),
        ("d/**", "d/a/b", true),
        ("**/a", "a", true), ("**/a", "x/y/a", true), ("**/a", "x/.y/a", false), ("**/.y/**/a", "x/.y/z/a", true),
        ("**", "a/b", true), ("d/**/a", "d/a", true), ("a?c", "abc", true), ("a?c", "a/c", false), ("a?c", "aéc", true),
        ("?a", ".a", false), ("[.]a", ".a", false), ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false),
        ("[^a-c]x", "dx", true),
        ("[]]", "]", true), ("[a", "[a", true), ("[*]", "*", true), ("[*]", "a", false), ("[z-a]", "m", false),
        ("a*b*c", "a1b2b3c", true), ("a*b*c", "a1c", false), ("a**c", "abc", true), ("./d/*", "d/a", true),
        ("/d/*", "/d/a", true), ("/d/*", "d/a", false), ("*", "", false), ("a*", "a", true),
        ("*a*a*a*a*a*b", String(repeating: "a", count: 500), false),
    ]) func patterns(pattern: String, path: String, matches: Bool) {
        #expect(GlobPattern(pattern).matches(path) == matches)
    }

    @Test(arguments: [
        ("a/b/*.csv", "a/b"), ("*.csv", ""), ("a/*/c", "a"), ("/a/b*", "/a"), ("**/x", ""), ("./a/?", "a"),
        ("a/b/c", "a/b"),
    ]) func literalPrefixes(pattern: String, prefix: String) {
        #expect(GlobPattern(pattern).literalPrefix == prefix)
    }

    @Test(arguments: [
        ("d/*/x", "d", true), ("d/*/x", "d/e", true), ("d/*/x", "d/e/x", false), ("d/*/x", "e", false),
        ("d/**", "d/e/f", true),
        ("**/x", "q/r", true), ("**/x", "q/.r", false), ("*.csv", ".", true), ("*.csv", "d", false),
        ("/d/*", "d", false),
    ]) func insides(pattern: String, folder: String, mayMatch: Bool) {
        #expect(GlobPattern(pattern).mayMatch(inside: folder) == mayMatch)
    }

    @Test(arguments: [
        ("a*", true), ("a?", true), ("[ab]", true), ("[ab", false), ("a]", false), ("[a/b]", false), ("", false),
    ]) func wildcards(text: String, isPattern: Bool) {
        #expect(GlobPattern.isPattern(text) == isPattern)
    }

    @Test(arguments: [
        ("train", "train@d=iris,lr=0.1", true), ("train", "train", true), ("trai", "train", false),
        ("train@d=iris", "train@d=iris,lr=0.1", true), ("train@lr=0.10,d=iris", "train@d=iris,lr=0.1", true),
        ("train@lr=1e-1", "train@d=iris,lr=0.1", true), ("train@lr=0.3|0.1", "train@d=iris,lr=0.1", true),
        ("train@lr=0.2", "train@d=iris,lr=0.1", false), ("train@x=1", "train@d=iris,lr=0.1", false),
        ("train@d", "train@d=iris", false), ("train@d=iris", "train", false), ("eval@d=iris", "train@d=iris", false),
        ("train@d=a/b c", "train@d=a%2Fb%20c", true), ("train@d=a%2Fb c", "train@d=a%2Fb%20c", true),
        ("train@d=100%", "train@d=100%25", true), ("train@*", "train@d=iris", true),
        ("*@*lr=0.1", "train@d=iris,lr=0.1", true),
        ("tr*", "train@d=iris", true), ("t?", "train", false),
        ("train@d=12345678901234567", "train@d=12345678901234568", false),
        ("train@id=1", "train@id=01", false), ("train@id=01", "train@id=01", true),
        ("train@x=-0.50", "train@x=-0.5", true),
        ("train@d=inf", "train@d=infinity", false),
    ]) func selectors(text: String, name: String, matches: Bool) {
        #expect(StageSelector(text).matches(stageName: name, template: "train") == matches)
    }

    @Test(
        arguments: [
            ("gpu", "gpus"), ("comand", "command"), ("trian", "train"), ("memroy", "memory"), ("Command", "command"),
            ("x", nil), ("command", nil), ("completely", nil), ("", nil),
        ] as [(String, String?)]) func suggestions(name: String, expected: String?)
    {
        #expect(nearest(to: name, among: ["command", "gpus", "memory", "train"]) == expected)
    }
}
