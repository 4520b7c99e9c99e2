// Which names are secret, and which parts of texts. The tables are the rules of docs/pipeline.md, by examples.

import Model
import Testing

@Suite struct SecretRuleTests {
    private let rules = SecretRules()

    @Test(arguments: [
        "DB_PASS", "DATABASE_URL", "GH_PAT", "MY_CREDENTIAL", "SSH_AUTH", "BEARER", "MY_PASSWD", "API_TOKEN",
        "PGPASSWORD",
        "MYSQL_PWD", "AWS_SECRET_ACCESS_KEY", "dbPass", "apiKey", "WANDB_API_KEY", "GITHUBTOKEN", "OPENAI_APIKEY",
        "DB_PASSWORD_FILE", "KEY", "GOOGLE_CREDENTIALS", "db_password",
    ])
    func variablesThatAreSecret(name: String) { #expect(rules.isSecret(variable: name)) }

    @Test(arguments: [
        "MONKEY", "TOKENIZERS_PARALLELISM", "PATH", "PWD", "COMPASS", "PATIENCE", "AUTHOR", "KEYBOARD", "BYPASSED",
        "MAX_TOKENS",
        "CUDA_HOME", "PATTERN", "LR", "HOME", "SECRETARY",
    ])
    func variablesThatAreNot(name: String) { #expect(!rules.isSecret(variable: name)) }

    @Test(arguments: [
        "password", "db.password", "api_token", "openai.api_key", "accessKey", "hf_auth_token", "client_secret",
        "credentials",
        "aws.secret_access_key", "ssh-private-key", "DB_PASSWORD", "apiKey", "db.credentials.user", "secret.a",
    ])
    func paramsThatAreSecret(name: String) { #expect(rules.isSecret(param: name)) }

    @Test(arguments: [
        "max_tokens", "num_keys", "patience", "key_dim", "tokenizer", "author", "path", "token", "key", "sort_key",
        "pass",
        "num_passes", "secret_santa", "password_length", "auth", "token_count", "keypoints", "monkey",
        "special_token", "pad_token", "eos_token", "primary_key", "api", "access", "attention.key",
    ])
    func paramsThatAreNot(name: String) { #expect(!rules.isSecret(param: name)) }

    @Test func aPipelineHasAdditionsAndExceptions() {
        let rules = SecretRules(also: ["lab_code", "LAB"], not: ["sort_token", "API_KEY", "password"])
        #expect(
            rules.isSecret(param: "lab_code") && rules.isSecret(param: "a.lab_code") && rules.isSecret(variable: "LAB"))
        #expect(!rules.isSecret(variable: "API_KEY") && !rules.isSecret(param: "db.password"))
    }

    /// What is between « and » is the secret.
    @Test(arguments: [
        "DB_PASS=«hunter2» python3 train.py", "DB_PASS='«hunter 2»' x", "export API_TOKEN=\"«a b\\\"c»\"; x",
        "x --api-token «abc-def» --lr 0.1", "x --api-key=«abc» y", "x --password «p,w» y",
        "runs exec --set 'api_token=«a b»'",
        "runs exec --set db.password=«hunter2» --set lr=1", #"{"password": "«hunter2»", "user": "me"}"#,
        #"+api_key = "«abcdef»""#, "password: «hunter2»", "curl -H 'Authorization: «Bearer abc»' https://x",
        "curl -H 'X-Api-Key: «abc»'", "psql postgres://me:«hunter2»@host/db", "redis://:«pw»@host",
        "echo «sk-abcdefghijklmnopqrst» x", "k=«ghp_abcdefghijklmnopqrstuvwx»", "«hf_abcdefghijklmnopqrstuvwx»",
        "«AKIAABCDEFGHIJKLMNOP»", "Bearer «abcdefgh1234»", "«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijkl»",
        "«-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----»\nx",
        "a «sk-proj-abc_defghijklmnopqrst».",
        "PASS=«a» SECRET=«b»", "client_secret=«abc», user=me",
    ])
    func secretsInTexts(marked: String) {
        let text = marked.filter { $0 != "«" && $0 != "»" }
        let bytes = Array(text.utf8)
        let found = rules.secrets(in: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
        let expected = marked.split(separator: "«").dropFirst(marked.hasPrefix("«") ? 0 : 1).map {
            String($0.prefix { $0 != "»" })
        }
        #expect(found == expected, "\(text)")
    }

    @Test(arguments: [
        "cp a b", "python3 train.py --lr 0.1 --max-tokens 10 --num_keys=3", "DB_PASS=$SECRET x", "DB_PASS=${DB_PASS} x",
        "sort --key 2 data", "sorted(xs, key=len)", "password = getpass()", "password = os.environ[\"DB_PASS\"]",
        "the bearer of this letter", "sk-short", "https://host:80/a@b", "git@github.com:a/b", "task-force",
        "if password == other",
        "password: true", "api_key=123", "PASS= x", "token=abc", "DB_PASS=sha256:abc", "risk-abcdefghijklmnopqrstuvw",
        "x --password --verbose", "", "=", "PASS", "PASS=", "--password ", "://", "Bearer ", "-----BEGIN ",
        "password:\"",
    ])
    func noSecretsInTexts(text: String) { #expect(rules.secrets(in: text.utf8).isEmpty) }
}
