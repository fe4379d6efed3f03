//! Senders of the operator's own, from a file, through both receivers.

use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use webhook_core::signing::{Credential, Scheme, TimeField};
use webhook_core::testing;
use webhook_tests::client::post;
use webhook_tests::directory::Directory;
use webhook_tests::server::{self, Server};

use crate::presets::{answer, as_sent, can_sign_in_a_shell, case, run_commands, text};
use crate::{check_all, on_both};

const FILE: &str = r#"
# Signs time and body.
[acme]
secret = "ACME_SECRET"
algorithm = "hmac-sha256"
credential = { header = "x-acme-signature", prefix = "v0=", encoding = "hex" }
time = { header = "x-acme-timestamp", unit = "seconds" }
signs = "v0:{time}:{body}"
topic = { body = "type" }
id = { body = "event_id" }
handshakes = ["hub"]
verify-token = "ACME_VERIFY_TOKEN"

[shop-2]
secret = "SHOP_2_TOKENS"
algorithm = "token"
credential.bearer = true
received = "200"

[careless]
secret = "CARELESS_KEY"
algorithm = "hmac-sha512"
credential = { header = "x-careless", encoding = "base64" }
body-is-not-signed = true
signs = "{header:x-id}"
headers.x-id.characters = "word"
id = { header = "x-id" }
key = "base64"
"#;

const KEY: &str = "key-of-acme-4f5e6d";
const TOKEN: &str = "token-of-shop-2-4f5e6d";
const BASE64_KEY: &str = "a2V5IG9mIGNhcmVsZXNz";

const VARIABLES: [(&str, &str); 4] = [
    ("ACME_SECRET", "new=key-of-acme-4f5e6d,older-4f5e6d"),
    ("ACME_VERIFY_TOKEN", "verify-4f5e6d"),
    (
        "SHOP_2_TOKENS",
        "pos-1=other-4f5e6d,pos-2=token-of-shop-2-4f5e6d",
    ),
    ("CARELESS_KEY", BASE64_KEY),
];

fn acme() -> Scheme {
    let credential = Credential::header("x-acme-signature").prefix("v0=").hex();
    Scheme::builder("acme")
        .hmac_sha256(credential)
        .time(TimeField::header("x-acme-timestamp").seconds())
        .signs("v0:{time}:{body}")
        .build()
        .unwrap()
}

fn careless() -> Scheme {
    Scheme::builder("careless")
        .hmac_sha512(Credential::header("x-careless").base64())
        .signs("{header:x-id}")
        .key(webhook_core::signing::KeyEncoding::Base64)
        .body_is_not_signed()
        .build()
        .unwrap()
}

/// Everything that a signature can have, and what a shell would read as something else.
const MORE: &str = r#"
[a-hex-key]
secret = "HEX_KEY"
algorithm = "hmac-sha1"
credential = { header = "x-signature", list = " ", prefix = "v1,", encoding = "base64url" }
key = "hex"
key-prefix = "hex_"
time = { body = "sent.at", unit = "milliseconds" }
signs = "$HOME `id` \"{{{body}}}\\{header:x-form}"
headers.x-form = { length = 3, characters = "digits" }

[in-the-query]
secret = "ACME_SECRET"
algorithm = "token"
credential = { query-which-logs-show = "the token" }

[pairs]
secret = "CARELESS_KEY"
algorithm = "hmac-sha256"
credential = { header = "x-pairs", pair = "v1", list = ";", encoding = "hex" }
time = { pair = "t", unit = "rfc3339", length = 20 }
signs = "{time}{body}"

[prefixed]
secret = "SHOP_2_TOKENS"
algorithm = "token"
credential = { header = "x-token", prefix = "$Token " }
time = { header = "x-time", unit = "seconds" }
tolerance = 60
time-is-not-signed = true
"#;

/// A file in a directory of its own.
fn written(text: &str) -> (Directory, String) {
    let directory = Directory::new();
    let path = directory.file("senders.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

#[test]
fn senders_of_a_file_are_accepted_with_their_secrets_only() {
    on_both(|binary| {
        let (_directory, path) = written(FILE);
        let variables = [&VARIABLES[..], &[("SCHEMES", &path), ("RUST_LOG", "trace")]].concat();
        let mut server = Server::start(binary, &variables);

        let now = SystemTime::now();
        let seconds = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let body = r#"{"type":"paid","event_id":7}"#;
        let at = |time, body: &str, secret| {
            as_sent(
                "/acme",
                &testing::scheme(&acme(), time, &[], body.to_owned(), secret),
            )
        };
        let line = |key: Option<&str>| {
            Some(json!({"provider": "acme", "key": key, "event": {
                "payload": {"type": "paid", "event_id": 7},
                "proof": "body", "topic": "paid", "id": "7", "timestamp_ms": seconds * 1000,
                "unauthenticated": {"topic": null, "id": null, "timestamp_ms": null},
            }}))
        };
        let hub = |token: &str| {
            let target =
                format!("/acme?hub.mode=subscribe&hub.challenge=42&hub.verify_token={token}");
            post(&target, "").method("GET")
        };
        let token =
            |token: &str| post("/shop-2", "{}").header("Authorization", &format!("Bearer {token}"));
        let careless = |secret| {
            as_sent(
                "/careless",
                &testing::scheme(&careless(), now, &[("x-id", "1")], "{}", secret),
            )
        };
        let plain =
            |provider: &str, proof: &str, key: Option<&str>, id: Option<&str>| -> Option<Value> {
                Some(json!({"provider": provider, "key": key, "event": {
                    "payload": {}, "proof": proof, "topic": null, "id": id, "timestamp_ms": null,
                    "unauthenticated": {"topic": null, "id": null, "timestamp_ms": null},
                }}))
            };
        check_all(
            &server,
            [
                case("acme", at(now, body, KEY), answer(200), line(Some("new"))),
                case(
                    "acme: the key without a label",
                    at(now, body, "older-4f5e6d"),
                    answer(200),
                    line(None),
                ),
                case(
                    "acme: another key",
                    at(now, body, "other"),
                    answer(401),
                    None,
                ),
                case(
                    "acme: late",
                    at(now - Duration::from_secs(3600), body, KEY),
                    answer(401),
                    None,
                ),
                case("acme: no JSON", at(now, "a=1", KEY), answer(400), None),
                case("acme: handshake", hub("verify-4f5e6d"), text("42"), None),
                case("acme: another verify token", hub(KEY), answer(403), None),
                case(
                    "acme: another method",
                    post("/acme", "").method("GET"),
                    answer(405),
                    None,
                ),
                case(
                    "shop-2",
                    token(TOKEN),
                    answer(200),
                    plain("shop-2", "token", Some("pos-2"), None),
                ),
                case("shop-2: another token", token("token"), answer(401), None),
                case(
                    "careless",
                    careless(BASE64_KEY),
                    answer(200),
                    plain("careless", "not_body", None, Some("1")),
                ),
                case(
                    "careless: another key",
                    careless("b3RoZXI="),
                    answer(401),
                    None,
                ),
            ],
        );
        assert_eq!(server.other_events(), [""; 0]);

        let text = server.stop();
        let warnings: Vec<_> = text.lines().filter(|line| line.contains("WARN")).collect();
        let expected = format!(
            "careless of {path}: the body is not signed: anyone who has captured a delivery can send it with another body"
        );
        let refusals = warnings
            .iter()
            .filter(|line| !line.contains("webhook_examples"));
        let own = warnings.len() - refusals.count();
        assert_eq!(own, 1, "{warnings:#?}");
        assert!(
            warnings.iter().any(|line| line.ends_with(&expected)),
            "{warnings:#?}"
        );
        for secret in [
            KEY,
            TOKEN,
            BASE64_KEY,
            "older-4f5e6d",
            "other-4f5e6d",
            "verify-4f5e6d",
        ] {
            let shown = text.lines().find(|line| line.contains(secret));
            assert_eq!(shown, None, "{secret}");
        }
    });
}

#[test]
fn the_files_in_the_documents_are_served() {
    const PAGES: [&str; 3] = [
        include_str!("../../../examples/README.md"),
        include_str!("../../../docs/senders.md"),
        include_str!("../../../docs/es/emisores.md"),
    ];
    on_both(|binary| {
        for page in PAGES {
            let (_, file) = page.split_once("```toml\n").unwrap();
            let (file, rest) = file.split_once("```").unwrap();
            assert!(!rest.contains("```toml"), "each has one");
            let (_directory, path) = written(file);
            let variables = [
                ("ACME_SECRET", KEY),
                ("OLD_SHOP_TOKENS", TOKEN),
                ("SCHEMES", &path),
            ];
            let server = Server::start(binary, &variables);
            let signed = testing::scheme(&acme(), SystemTime::now(), &[], "{}", KEY);
            assert_eq!(as_sent("/acme", &signed).send(server.addr).status, 200);
            if file.contains("[old-shop]") {
                let answers = [TOKEN, KEY].map(|token| {
                    let target = format!("/old-shop?token={token}");
                    post(&target, "{}").send(server.addr).status
                });
                assert_eq!(answers, [200, 401]);
            }
        }
    });
}

#[test]
fn the_printed_commands_of_a_file_sign_in_a_shell() {
    if !can_sign_in_a_shell() {
        return;
    }
    on_both(|binary| {
        let (_directory, path) = written(&[FILE, MORE].concat());
        let variables = [
            &VARIABLES[..],
            &[("SCHEMES", &path), ("HEX_KEY", "hex_00ff10")],
        ]
        .concat();
        let server = Server::start(binary, &variables);
        let commands = run_commands(&server, "x-token", &variables);
        assert_eq!(commands.len(), 9, "{commands:#?}");
        let providers: Vec<_> = commands
            .iter()
            .map(|_| server.event()["provider"].clone())
            .collect();
        assert_eq!(
            providers[2..],
            [
                "acme",
                "shop-2",
                "careless",
                "a-hex-key",
                "in-the-query",
                "pairs",
                "prefixed"
            ]
        );
    });
}

/// What is changed in the file, and what the receiver then says.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "topic = {",
        "tpoic = {",
        "line 9 of FILE, in [acme]: there is no key `tpoic`: write one of `secret`, `verify-token`, `algorithm`, \
         `credential`, `signs`, `headers`, `time`, `tolerance`, `any-time`, `topic`, `id`, `keep-headers`, `key`, \
         `key-prefix`, `body`, `body-limit`, `received`, `handshakes`, `allow-adjacent-parts`, \
         `body-is-not-signed`, `time-is-not-signed`, or remove it",
    ),
    (
        "prefix = \"v0=\"",
        "prefx = \"s3cr3t-4f5e6d\"",
        "line 6 of FILE, in [acme]: `credential` has no key `prefx`: write one of `header`, `bearer`, \
         `query-which-logs-show`, `prefix`, `pair`, `list`, `encoding`, or remove it",
    ),
    (
        "\"ACME_SECRET\"",
        "\"s3cr3t-4f5e6d\"",
        "line 4 of FILE, in [acme]: `secret` is not the name of a variable, which has capital letters, digits and \
         `_`: put the secret into a variable of the environment, and write its name here",
    ),
    (
        "\"ACME_SECRET\"",
        "\"ACME SECRET\"",
        "line 4 of FILE, in [acme]: `secret` is not the name of a variable, which has capital letters, digits and \
         `_`: put the secret into a variable of the environment, and write its name here",
    ),
    (
        "\"ACME_SECRET\"",
        "7",
        "line 4 of FILE, in [acme]: `secret` is not the name of a variable, which has capital letters, digits and \
         `_`: put the secret into a variable of the environment, and write its name here",
    ),
    (
        "\"ACME_SECRET\"",
        "\"S3CR3T_4F5E6D\"",
        "line 4 of FILE, in [acme]: the variable that `secret` names is not set: set it",
    ),
    (
        "secret = \"ACME_SECRET\"\n",
        "",
        "line 3 of FILE, in [acme]: it has no `secret`: write the name of the variable that has it, such as secret \
         = \"ACME_SECRET\"",
    ),
    (
        "secret = \"ACME_SECRET\"\n",
        "secrets = \"s3cr3t-4f5e6d\"\n",
        "line 3 of FILE, in [acme]: it has no `secret`: write the name of the variable that has it, such as secret \
         = \"ACME_SECRET\"",
    ),
    (
        "\"ACME_VERIFY_TOKEN\"",
        "\"s3cr3t-4f5e6d\"",
        "line 12 of FILE, in [acme]: `verify-token` is not the name of a variable, which has capital letters, \
         digits and `_`: put the secret into a variable of the environment, and write its name here",
    ),
    (
        "\"ACME_VERIFY_TOKEN\"",
        "\"S3CR3T_4F5E6D\"",
        "line 12 of FILE, in [acme]: the variable that `verify-token` names is not set: set it",
    ),
    (
        "handshakes = [\"hub\"]\n",
        "",
        "line 11 of FILE, in [acme]: `verify-token` is for the handshake \"hub\", which is not in `handshakes`: add \
         that, or remove this",
    ),
    (
        "[acme]",
        "[Acme]",
        "line 3 of FILE, in [Acme]: the name of a sender is also its path: write 1 to 32 lowercase letters, digits \
         and hyphens",
    ),
    (
        "[acme]",
        "[a_b]",
        "line 3 of FILE, in [a_b]: the name of a sender is also its path: write 1 to 32 lowercase letters, digits \
         and hyphens",
    ),
    (
        "[acme]",
        "[\"a/b\"]",
        "line 3 of FILE, in [a/b]: the name of a sender is also its path: write 1 to 32 lowercase letters, digits \
         and hyphens",
    ),
    (
        "[acme]",
        "[\"\"]",
        "line 3 of FILE, in []: the name of a sender is also its path: write 1 to 32 lowercase letters, digits and \
         hyphens",
    ),
    (
        "[acme]",
        "[a23456789012345678901234567890123]",
        "line 3 of FILE, in [a23456789012345678901234567890123]: the name of a sender is also its path: write 1 to \
         32 lowercase letters, digits and hyphens",
    ),
    (
        "[acme]",
        "[github]",
        "line 3 of FILE, in [github]: the receiver has a sender or a path of this name: choose another",
    ),
    (
        "[acme]",
        "[webhook]",
        "line 3 of FILE, in [webhook]: the receiver has a sender or a path of this name: choose another",
    ),
    (
        "[acme]",
        "[slack]",
        "line 3 of FILE, in [slack]: the receiver has a sender or a path of this name: choose another",
    ),
    (
        "[acme]",
        "[gitlab-signing]",
        "line 3 of FILE, in [gitlab-signing]: the receiver has a sender or a path of this name: choose another",
    ),
    (
        "[shop-2]",
        "[acme]",
        "line 14 of FILE: this is not TOML: duplicate key",
    ),
    (
        "[acme]",
        "name = \"s3cr3t-4f5e6d\"\n[acme]",
        "line 3 of FILE: `name` is in no sender's table: write it below a line such as [acme]",
    ),
    (
        "[acme]",
        "[acme",
        "line 3 of FILE: this is not TOML: unclosed table, expected `]`",
    ),
    (
        "\"ACME_SECRET\"",
        "ACME_SECRET",
        "line 4 of FILE: this is not TOML: string values must be quoted, expected literal string",
    ),
    (
        "algorithm = \"hmac-sha256\"\n",
        "",
        "line 3 of FILE, in [acme]: nothing says what proves a delivery; set an algorithm and where its credential \
         is",
    ),
    (
        "\"hmac-sha256\"",
        "\"s3cr3t-4f5e6d\"",
        "line 5 of FILE, in [acme]: a value of `algorithm` cannot be read: write one of `hmac-sha256`, `hmac-sha1`, \
         `hmac-sha512`, `ed25519`, `token`",
    ),
    (
        "encoding = \"hex\"",
        "encoding = \"s3cr3t-4f5e6d\"",
        "line 6 of FILE, in [acme]: a value of `credential` cannot be read: write one of `hex`, `base64`, \
         `base64url`",
    ),
    (
        "credential.bearer = true",
        "credential = \"s3cr3t-4f5e6d\"",
        "line 17 of FILE, in [shop-2]: a value of `credential` cannot be read: write a table such as { header = \
         \"x-signature\" }",
    ),
    (
        "credential.bearer = true",
        "credential.bearer = \"s3cr3t, expected 4f5e6d\"",
        "line 17 of FILE, in [shop-2]: a value of `credential` cannot be read: write true or false",
    ),
    (
        "received = \"200\"",
        "received = \"201\"",
        "line 18 of FILE, in [shop-2]: a value of `received` cannot be read: write one of `2xx`, `200`, `200 or \
         201`, `204`",
    ),
    (
        "received = \"200\"",
        "tolerance = -1",
        "line 18 of FILE, in [shop-2]: a value of `tolerance` cannot be read: write a whole number from 0 on",
    ),
    (
        "[\"hub\"]",
        "[\"hubb\"]",
        "line 11 of FILE, in [acme]: a value of `handshakes` cannot be read: write one of `hub`, `challenge`, \
         `ping`, `unsigned-probe`, `unsigned-form`",
    ),
    (
        "[\"hub\"]",
        "[{ challenge = { field = \"type\" } }]",
        "line 11 of FILE, in [acme]: a value of `handshakes` has no `is`: add it",
    ),
    (
        ", encoding = \"hex\"",
        "",
        "line 6 of FILE, in [acme]: nothing says how signatures are written; choose hex, base64 or base64url",
    ),
    (
        "header = \"x-acme-signature\"",
        "header = \"x acme\"",
        "line 6 of FILE, in [acme]: `x acme` is not the name of a header; write it in lowercase, without a colon",
    ),
    (
        ", unit = \"seconds\"",
        "",
        "line 7 of FILE, in [acme]: a time needs one place (a header, a pair, or a field of the body) and a unit",
    ),
    (
        "signs = \"v0:{time}:{body}\"",
        "signs = \"{time}{body}\"",
        "line 8 of FILE, in [acme]: {time} touches the next part, so characters can move between them under one \
         signature; give it a length or its only value, or say `allow-adjacent-parts = true`",
    ),
    (
        "signs = \"v0:{time}:{body}\"",
        "signs = \"{tiem}.{body}\"",
        "line 8 of FILE, in [acme]: `signs` cannot be read at byte 0; parts are {body}, {time} and {header:NAME}, \
         and a brace is written twice",
    ),
    (
        "signs = \"v0:{time}:{body}\"",
        "signs = \"{body}\"\ntolerance = 60",
        "line 9 of FILE, in [acme]: the time is not signed, so anyone who repeats a delivery can change it, and a \
         tolerance stops nobody; add {time} to `signs`, or remove the tolerance, or say `time-is-not-signed = true`",
    ),
    (
        "body-is-not-signed = true\n",
        "",
        "line 24 of FILE, in [careless]: the body is not signed, so anyone who has captured one delivery can send \
         it with another body; add {body} to `signs`, or say `body-is-not-signed = true`",
    ),
    (
        "signs = \"v0:{time}:{body}\"",
        "signs = \"v0:{time}:{body}\"\nbody-is-not-signed = true",
        "line 9 of FILE, in [acme]: `body-is-not-signed` is set and nothing reads it; remove it",
    ),
    (
        "topic = {",
        "key-prefix = \"whsec_\"\ntopic = {",
        "line 9 of FILE, in [acme]: `key-prefix` is set and nothing reads it; remove it",
    ),
    (
        "topic = {",
        "key = \"hex\"\ntopic = {",
        "line 4 of FILE, in [acme]: ACME_SECRET is wrong: secret 1 is not a key in hex: check the value",
    ),
    (
        "topic = { body = \"type\" }",
        "topic = \"s3cr3t-4f5e6d\"",
        "line 9 of FILE, in [acme]: a value of `topic` cannot be read: write `header` or `body`",
    ),
    (
        "[\"hub\"]",
        "7",
        "line 11 of FILE, in [acme]: a value of `handshakes` cannot be read: write a list such as [\"hub\"]",
    ),
    (
        "topic = {",
        "headers = 7\ntopic = {",
        "line 9 of FILE, in [acme]: a value of `headers` cannot be read: write a table",
    ),
    (
        "id = { header = \"x-id\" }\n",
        "",
        "line 25 of FILE, in [careless]: its scheme signs neither the body nor an id, so one captured delivery proves any \
         number of others; add {body} to `signs`, or the header that `id` names",
    ),
];

#[test]
fn a_wrong_file_prevents_the_start_and_the_message_has_the_place_the_fix_and_no_secret() {
    on_both(|binary| {
        let (_directory, path) = written("");
        for (sound, wrong, message) in WRONG {
            assert!(FILE.contains(sound), "{sound}");
            fs::write(&path, FILE.replacen(sound, wrong, 1)).unwrap();
            let stderr = refused(binary, &path);
            let message = format!("Error: SCHEMES is wrong at {message}").replace("FILE", &path);
            assert_eq!(stderr, message, "{wrong}");
            let lowercase = stderr.to_lowercase();
            assert!(
                !lowercase.contains("s3cr3t") && !lowercase.contains("4f5e6d"),
                "{stderr}"
            );
        }
    });
}

#[test]
fn a_file_that_cannot_be_read_prevents_the_start() {
    on_both(|binary| {
        let directory = Directory::new();
        let path = directory.file("none.toml");
        let path = path.to_str().unwrap();
        let missing = format!(
            "Error: SCHEMES names \"{path}\", which cannot be read (No such file or directory (os error 2)): \
             set it to a file of TOML"
        );
        assert_eq!(refused(binary, path), missing);
        fs::write(path, b"[\xff]").unwrap();
        assert!(refused(binary, path).contains("UTF-8"));
    });
}

/// The last line of a receiver that does not start. It never listened.
fn refused(binary: &str, path: &str) -> String {
    let variables = [&VARIABLES[..], &[("SCHEMES", path)]].concat();
    let output = server::run(server::command(binary, &variables));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{stderr}");
    assert!(!stderr.contains("listening"), "{stderr}");
    assert_eq!(output.stdout, b"");
    stderr.lines().last().unwrap().to_owned()
}
