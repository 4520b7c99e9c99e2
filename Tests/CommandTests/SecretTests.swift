// Secrets are in no file of the store, wherever they come from, and stages get them all the same.

import Glibc
import TestSupport
import Testing

@Suite struct SecretTests {
    /// Whether the bytes of the text are in the store's file or its write-ahead log.
    private func storeHolds(_ text: String, _ project: TestProject) throws -> Bool {
        try project.shell("cat .runs/runs.db .runs/runs.db-wal 2>/dev/null | grep -aqF -- '\(text)'; echo $? > found")
        return project.read("found") == "0\n"
    }

    private static let stages = #"""
        "a": {
          "command": "python3 a.py ${{ params.api_token }} ${{ params.lab_code }} && echo $RUNS_PARAMS > where && stat -c %a $RUNS_PARAMS > mode && cp $RUNS_PARAMS params && echo $DB_PASS $OTHER_URL > env",
          "params": {"api_token": "Secret-1-token", "lab_code": "Secret-2-code", "db": {"password": "Secret-3-pw"}, "max_tokens": 17, "plain": "visible-param"},
          "uses": ["db", "plain", "max_tokens"],
          "env": {"MY_PASSWD": "Secret-4-passwd", "VISIBLE": "visible-value", "SORT_KEY": "visible-key"},
          "pass_env": ["DB_PASS", "OTHER_URL"], "outputs": ["o"]},
        "b": {"command": ["sh", "-c", "DB_PASSWORD=Secret-5-inline true; echo \"$0\"", "--api-key", "Secret-6-argv", "ghp_Secret7abcdefghijklmnopqr"]}
        """#

    private func project() throws -> TestProject {
        let project = try TestProject(
            stages: Self.stages.split(separator: "\n").filter { !$0.contains("\"uses\"") }.joined(separator: "\n"),
            extra: #""secrets": {"also": ["lab_code"], "not": ["SORT_KEY"]},"#,
            files: [
                "a.py": "import runs\nruns.param(client_secret='Secret-8-reported')\nopen('o', 'w')\n",
                "conf.py": "x = 1\n",
            ])
        try project.shell("git init -q . && git add conf.py && git -c user.name=a -c user.email=a@b commit -qm c")
        try project.write("conf.py", "API_TOKEN = \"Secret-9-patch\"\nx = 2\n")
        return project
    }

    private static let environment = [
        "DB_PASS": "Secret-10-caller", "OTHER_URL": "postgres://me:Secret-11-url@visible-host/db",
    ]

    @Test func noSecretIsInTheStore() throws {
        let project = try project()
        let arguments = [
            "exec", "--set", "api_token=Secret-12-set", "--note", "password=Secret-13-note", "--on-finish",
            "curl -H 'Authorization: Bearer Secret-14-hook' x:1 || true", "--output", "jsonl",
        ]
        let first = try project.runs(arguments, environment: Self.environment)
        #expect(first.status == 0, "\(first.story)")
        let none = try project.runs(arguments, environment: Self.environment)
        #expect(none.status == 0 && none.output.contains(#""stages_executed":0"#), "\(none.story)")
        // Reasons: each value is another one.
        let again = try project.runs(
            "exec", "--set", "api_token=Secret-15-next",
            environment: ["DB_PASS": "Secret-16-next", "OTHER_URL": "x://a:Secret-17@h"])
        #expect(again.status == 0, "\(again.story)")
        #expect(try project.executedStages() == ["a"])
        let why = try project.runs("why", "a", "--set", "api_token=Secret-18-why", environment: Self.environment)
        let noted = try project.runs("note", "latest", "DB_PASS=Secret-20-note")
        let rejected = try project.runs("reject", "1", "--reason", "api_key=Secret-21-reject")
        #expect(noted.status == 0 && rejected.status == 0, "\(noted.story)\(rejected.story)")
        #expect(!(try storeHolds("Secret", project)))
        for result in [first, none, again, why, noted, rejected] {
            #expect(!(result.output + result.errorOutput).contains("Secret-"), "\(result.story)")
        }
        for text in ["visible-value", "visible-host", "visible-key", "visible-param", "max_tokens"] {
            #expect(try storeHolds(text, project), "\(text)")
        }
        #expect(
            project.read("params")?.contains("Secret-15-next") == true && project.read("params")?.contains("17") == true
        )
        #expect(project.read("mode") == "600\n")
        #expect(project.read("env") == "Secret-16-next x://a:Secret-17@h\n")
        #expect(!project.exists(project.read("where")?.trimmingSuffix("\n") ?? ""))
        let patch = try project.runs("show", "1", "--git-diff")
        #expect(patch.output.contains("sha256:") && patch.output.contains("x = 2"), "\(patch.story)")
    }

    /// A change is seen, and an equal value is not one.
    @Test func digestsShowChanges() throws {
        let project = try TestProject(
            stages:
                #""a": {"command": "echo ${{ params.password }} > o", "params": {"password": "one-value"}, "outputs": ["o"]}"#
        )
        try project.expect("exec", executed: ["a"])
        try project.expect("exec", executed: [])
        try project.expect("exec", "--set", "password=two-value", executed: ["a"])
        let rows = try project.query("select reason, old_value, new_value from decisions where run_id = 3")
        #expect(rows.contains { $0["reason"]?.text == "param_changed" }, "\(rows)")
        for row in rows where row["reason"]?.text == "param_changed" {
            #expect(
                row["old_value"] != row["new_value"] && row["new_value"]?.text?.contains("sha256:") == true, "\(rows)")
        }
    }

    /// Rules decide what is recorded, not what runs.
    @Test func rulesDoNotChangeKeys() throws {
        func pipeline(_ extra: String) -> String {
            #"{"name": "p", \#(extra) "stages": {"a": {"command": "echo ${{ params.code }} > o", "params": {"code": "some-code"}, "env": {"TOKENIZER": "t", "A_KEY": "k"}, "outputs": ["o"]}}}"#
        }
        let project = try TestProject(pipeline: pipeline(""))
        try project.expect("exec", executed: ["a"])
        try project.write("pipeline.json", pipeline(#""secrets": {"also": ["code"], "not": ["A_KEY"]},"#))
        try project.expect("exec", executed: [])
    }

    @Test func mistakes() throws {
        for (secrets, message) in [
            (#"["a"]"#, "secrets"), (#"{"als": ["a"]}"#, "did you mean 'also'"),
            (#"{"also": ["a"], "not": ["a"]}"#, "named twice"),
            (#"{"also": [""]}"#, "must not be empty"), (#"{"also": "a"}"#, "secrets.also"),
        ] {
            let project = try TestProject(stages: #""a": {"command": "true"}"#, extra: "\"secrets\": \(secrets),")
            let result = try project.runs("exec")
            #expect(result.status == 2 && result.errorOutput.contains(message), "\(result.story)")
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
