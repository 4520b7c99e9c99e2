// Shell commands that are executed without a shell.

import Glibc
import Model
import Testing

@Suite struct PlainWordsTests {
    private let environment = ["HOME=/", "PATH=/bin", "BASH_FUNC_module%%=() { :; }"]

    @Test(arguments: [
        ("cp a b", ["cp", "a", "b"]), ("make", ["make"]), ("./run.sh", ["./run.sh"]),
        ("bin/echo x", ["bin/echo", "x"]),
        (
            "python3 train.py --lr 0.05 --out=models/a.bin -j4 a:b,c+d_e@f 50%",
            [
                "python3", "train.py", "--lr", "0.05", "--out=models/a.bin", "-j4", "a:b,c+d_e@f", "50%",
            ]
        ),
        // What means something as the first word does not as another.
        ("git echo if A=b", ["git", "echo", "if", "A=b"]), ("modules load", ["modules", "load"]),
        ("g++ -O2 -o a a.cpp", ["g++", "-O2", "-o", "a", "a.cpp"]),
    ])
    func plainOnes(text: String, words: [String]) {
        #expect(Command.shell(text).plainWords(in: environment) == words)
    }

    @Test(arguments: [
        "", " ", "cp  a b", " cp a b", "cp a b ", "cp\ta b", "cp a b\n", "cp a\nb", "a; b", "a & b", "a | b", "a > b",
        "a < b", "a $b", "a `b`", "a 'b'", "a \"b\"", "a \\b", "a *", "a ?", "a [b]", "a {b,c}", "a ~", "a #b", "a !b",
        "a (b)", "a ^b", "a é", "a \u{0}", "A=b", "A=b c", "a=", "%1", "%", "-x", "--help",
        "if a", "time sleep 1", "cd a", "echo a", "test -e a", "exit 3", "kill 1", "source a", "exec a", ". a", ": a",
        ":",
        "print a", "true",
        // A function that bash takes from the environment.
        "module load cuda",
    ])
    func othersNeedAShell(text: String) {
        #expect(Command.shell(text).plainWords(in: environment) == nil)
    }

    @Test func withoutAPathAShellIsNeeded() {
        #expect(Command.shell("cp a b").plainWords(in: ["HOME=/", "MYPATH=/bin"]) == nil)
        #expect(Command.shell("/bin/cp a b").plainWords(in: []) == ["/bin/cp", "a", "b"])
    }

    @Test func aListOfWordsNeedsNoShell() {
        #expect(Command.argv(["cp", "a", "b"]).plainWords(in: environment) == nil)
    }

    /// Also in versions to come. (dash and the Korn shells do not list theirs.)
    @Test func everyBuiltinOfBashNeedsAShell() throws {
        let list = try #require(popen("bash -c 'compgen -b; compgen -k'", "r"))
        var words: [String] = []
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, list) != nil {
            words.append(
                String(decoding: line.prefix { $0 != 10 && $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        // Where there is no bash, none needs to be left to it.
        try #require(pclose(list) != 0 || words.count > 50)
        for word in words { #expect(Command.shell("\(word) a").plainWords(in: environment) == nil, "\(word)") }
    }
}
