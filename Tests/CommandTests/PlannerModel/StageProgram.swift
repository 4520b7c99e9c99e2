// What the stages of a random pipeline execute: one small POSIX shell program, and the same function in Swift. An
// output is determined by the words of the command, one variable of the environment and the contents of what is read.

/// How a stage is told to misbehave, by a file that is not among its inputs.
enum Fault: String, CaseIterable {
    /// Fails before it writes anything.
    case before
    /// Writes rubbish, then fails.
    case after
    /// Exits with 0 and writes nothing: a failure where outputs are declared.
    case missing
    /// Fails before it writes anything, and removes the fault.
    case once
}

enum StageProgram {
    /// Names of the variables by which every stage finds the trace and the faults. They are inherited, so not in a key.
    static let traceVariable = "PROPERTY_TRACE"
    static let faultsVariable = "PROPERTY_FAULTS"
    /// The variable that a stage's `env` may set.
    static let levelVariable = "PROPERTY_LEVEL"
    /// A file that the program never reads, whatever folder it reads.
    static let ignoredFile = "notes.txt"

    /// Takes the words LABEL MODULUS SALT [-p PARAM…] [-o FILE…] [-d FOLDER…] [-l LIBRARY…] [-i READ…].
    static let body = """
        label=$1 modulus=$2 facts=$3
        shift 3
        kind=-p files= folders= libraries= reads=
        for word; do
          case $word in
          -p | -o | -d | -l | -i) kind=$word ;;
          *)
            case $kind in
            -p) facts="$facts,$word" ;;
            -o) files="$files $word" ;;
            -d) folders="$folders $word" ;;
            -l) libraries="$libraries $word" ;;
            -i) reads="$reads $word" ;;
            esac ;;
          esac
        done
        printf '%s\\n' "$RUNS_STAGE" >> "$PROPERTY_TRACE"
        fault=
        if [ -e "$PROPERTY_FAULTS/$RUNS_STAGE" ]; then read -r fault < "$PROPERTY_FAULTS/$RUNS_STAGE" || true; fi
        case $fault in
        before) exit 3 ;;
        once) rm "$PROPERTY_FAULTS/$RUNS_STAGE"; exit 4 ;;
        esac
        for library in $libraries; do
          more=
          case $(cat "$library") in *2) more=src/more.txt ;; esac
          for file in $library $more; do printf '{"input": "%s"}\\n' "$file" >> "$RUNS_METRICS"; done
          reads="$reads $library $more"
        done
        sum=none
        if [ -n "$reads" ]; then
          sum=$(find -L $reads -type f ! -name notes.txt ! -name '*.pyc' | LC_ALL=C sort -u | xargs cat | cksum | cut -d' ' -f1)
        fi
        value="$facts/$version/${PROPERTY_LEVEL-none}/$sum"
        if [ "$modulus" != 0 ]; then value=$(($(printf %s "$value" | cksum | cut -d' ' -f1) % modulus)); fi
        if [ "$fault" = after ]; then value=rubbish; fi
        if [ "$fault" != missing ]; then
          for file in $files; do printf '%s\\n' "$label ${file##*/} $value" > "$file"; done
          for folder in $folders; do
            mkdir -p "$folder/sub"
            printf '%s\\n' "$label part $value" > "$folder/part"
            printf '%s\\n' "$label ${folder##*/} $value" > "$folder/sub/part"
            case $value in *[02468]) printf '%s\\n' "$label" > "$folder/extra" ;; esac
          done
        fi
        [ "$fault" != after ]

        """

    /// What a library of these contents makes the program read besides it.
    static func more(after library: String) -> [String] { library.hasSuffix("2\n") ? [moreFile] : [] }
    static let moreFile = "src/more.txt"

    /// The text of a stage's own script; its version is the part that edits change.
    static func script(version: Int) -> String { "version=\(version)\n\(body)" }

    /// What `value` is in the program above.
    static func value(
        facts: [String], modulus: Int, version: String, level: String?, reads: [String: String]?
    ) -> String {
        var sum = "none"
        if let reads {
            let files = reads.filter { $0.key.split(separator: "/").last.map(String.init) != ignoredFile }
            // Keys are ASCII: Swift's order of them is that of the C locale.
            sum = "\(checksum(files.sorted { $0.key < $1.key }.map(\.value).joined()))"
        }
        let value = "\(facts.joined(separator: ","))/\(version)/\(level ?? "none")/\(sum)"
        return modulus == 0 ? value : "\(Int(checksum(value)) % modulus)"
    }

    /// What the program writes to the output file at `path`.
    static func file(label: String, path: String, value: String) -> [String: String] {
        [path: "\(label) \(lastComponent(path)) \(value)\n"]
    }

    /// What the program writes below the output folder at `path`.
    static func folder(label: String, path: String, value: String) -> [String: String] {
        var files = [
            "\(path)/part": "\(label) part \(value)\n",
            "\(path)/sub/part": "\(label) \(lastComponent(path)) \(value)\n",
        ]
        if let last = value.last, "02468".contains(last) { files["\(path)/extra"] = "\(label)\n" }
        return files
    }

    private static func lastComponent(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }

    /// POSIX `cksum`: the CRC of the bytes and of their number.
    static func checksum(_ text: String) -> UInt32 {
        var crc: UInt32 = 0
        func take(_ byte: UInt8) {
            crc ^= UInt32(byte) << 24
            for _ in 0..<8 { crc = crc & 0x8000_0000 != 0 ? crc << 1 ^ 0x04c1_1db7 : crc << 1 }
        }
        for byte in text.utf8 { take(byte) }
        var length = text.utf8.count
        while length > 0 {
            take(UInt8(length & 255))
            length >>= 8
        }
        return ~crc
    }
}
