//! `webhook-rs verify` as people run it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use webhook_core::testing;
use webhook_tests::directory::Directory;

const SECRET: &str = "whsec_0123456789abcdef";
const TOKEN: &str = "tok-0123456789abcdef";
const BODY: &str =
    r#"{"id":"evt_1","type":"charge.succeeded","data":{"object":{"url":"https://a/ñ"}}}"#;
const SIGNED_AT: u64 = 1_795_600_000;

fn verify(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-webhook-rs"));
    command
        .arg("verify")
        .args(arguments)
        .env_clear()
        .env(
            "STRIPE_WEBHOOK_SECRET",
            format!("old=whsec_other,new={SECRET}"),
        )
        .env("TF_WEBHOOK_TOKEN", TOKEN)
        .env("MERCADOPAGO_WEBHOOK_SECRET", SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that is wrong reads nothing.
    drop(child.stdin.take().unwrap().write_all(stdin));
    let output = child.wait_with_output().unwrap();
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(text);
        for secret in [SECRET, TOKEN, "whsec_other", "0123456789abcdef"] {
            assert!(!text.contains(secret), "{arguments:?}: {text}");
        }
    }
    output
}

/// The status and all that was written.
fn said(arguments: &[&str], stdin: impl AsRef<[u8]>) -> (i32, String) {
    let output = verify(arguments, stdin.as_ref());
    let text = [output.stdout, output.stderr].concat();
    let status = output.status.code().unwrap();
    (status, String::from_utf8(text).unwrap())
}

fn json(arguments: &[&str], stdin: impl AsRef<[u8]>) -> (i32, Value) {
    let output = verify(&[arguments, &["--json"]].concat(), stdin.as_ref());
    let json = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), json)
}

fn at(seconds: u64) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
}

/// A delivery of Stripe as raw HTTP, with this in place of its body.
fn raw(signed: &str, sent: &str) -> String {
    let request = testing::stripe(at(SIGNED_AT), signed.to_owned(), SECRET);
    let signature = request.headers["stripe-signature"].to_str().unwrap();
    format!(
        "POST /stripe HTTP/1.1\r\nHost: example.com\r\nDate: Wed, 25 Nov 2026 09:47:40 GMT\r\nContent-Type: application/json\r\n\
         Stripe-Signature: {signature}\r\n\r\n{sent}"
    )
}

fn curl(sent: &str) -> String {
    let request = testing::stripe(at(SIGNED_AT), BODY, SECRET);
    let signature = request.headers["stripe-signature"].to_str().unwrap();
    format!(
        "curl 'https://example.com/stripe' \\\n  -X POST \\\n  -H 'stripe-signature: {signature}' \\\n  --data-raw {sent} \\\n  --compressed\n"
    )
}

fn indented() -> String {
    let json: Value = serde_json::from_str(BODY).unwrap();
    // Sorted keys would be another change.
    let indented = BODY
        .replace("{\"", "{\n \"")
        .replace(",\"", ",\n \"")
        .replace("}}}", "\n}\n}\n}");
    assert_eq!(serde_json::from_str::<Value>(&indented).unwrap(), json);
    indented
}

#[test]
fn an_authentic_request_is_shown_with_its_secret_and_its_time() {
    let (status, text) = said(&["stripe"], raw(BODY, BODY));
    assert_eq!(status, 0, "{text}");
    for expected in [
        "authentic: ",
        "number 2 of 2, labeled new",
        "body and time",
        "evt_1",
        "1 min before the Date of the request; within the tolerance of 5 min",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("NOT"), "{text}");
}

#[test]
fn the_time_is_judged_apart() {
    for (time, expected) in [
        ("2026-11-25T09:56:40Z", "OUTSIDE the tolerance of 5 min"),
        ("1795600100", "1 min 40 s before the time of --at; within"),
    ] {
        let (status, text) = said(&["stripe", "--at", time], raw(BODY, BODY));
        assert_eq!(status, 0, "{text}");
        assert!(text.contains(expected), "{text}");
    }
    let (status, text) = said(&["stripe", "--at", "yesterday"], raw(BODY, BODY));
    assert_eq!(status, 2, "{text}");
}

#[test]
fn a_body_that_was_written_again_is_explained() {
    let (status, text) = said(&["stripe"], raw(BODY, &indented()));
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("NOT authentic: the credential matches no configured secret"));
    assert!(
        text.contains("it is authentic with no white space around the tokens"),
        "{text}"
    );

    let php = BODY.replace('/', "\\/").replace('ñ', "\\u00f1");
    let (status, json) = json(&["stripe"], raw(&php, &(indented() + "\n")));
    assert_eq!(status, 1, "{json}");
    assert_eq!(json["result"], "explained");
    assert_eq!(json["rejection"], "credential_mismatch");
    assert_eq!(
        json["diagnosis"]["causes"],
        serde_json::json!(["body_white_space", "body_reescaped"])
    );
    assert_eq!(json["diagnosis"]["secret"]["label"], "new");
    assert_eq!(json["time"]["is_within"], true);
}

#[test]
fn what_nothing_undoes_cannot_be_told() {
    let (status, text) = said(&["stripe"], raw(BODY, &BODY.replace("evt_1", "evt_2")));
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("cannot tell why"), "{text}");
    assert!(text.contains("other spellings of the secret"), "{text}");
    // It is minified already.
    assert!(
        text.contains("indented, with a space after each comma"),
        "{text}"
    );
    assert!(!text.contains("minified"), "{text}");
    assert!(text.contains("not proven"), "{text}");
    let (_, json) = json(&["stripe"], raw(BODY, &BODY.replace("evt_1", "evt_2")));
    assert_eq!(json["result"], "cannot_tell");
    assert_eq!(json["diagnosis"], Value::Null);
    assert!(!json["tried"].as_array().unwrap().is_empty());
}

#[test]
fn what_the_request_shows_by_itself_is_said() {
    for (request, expected, rejection) in [
        (
            "POST /stripe HTTP/1.1\n\n{}".to_owned(),
            "it has no header stripe-signature",
            "credential_missing",
        ),
        (
            "POST /stripe HTTP/1.1\nstripe-signature: t=1,v1=00\n\n{}".to_owned(),
            "does not have the documented form",
            "credential_malformed",
        ),
        (
            "GET /stripe HTTP/1.1\n\n".to_owned(),
            "the method is not POST",
            "method_not_allowed",
        ),
        (
            "POST /stripe HTTP/1.1\nstripe-signature: t=1,v1=00\nstripe-signature: t=2,v1=00\n\n{}"
                .to_owned(),
            "its header stripe-signature is there 2 times",
            "credential_repeated",
        ),
    ] {
        let (status, text) = said(&["stripe"], &request);
        assert_eq!(status, 1, "{text}");
        assert!(text.contains(expected), "{text}");
        assert_eq!(json(&["stripe"], &request).1["rejection"], rejection);
    }
    let (status, text) = said(&["flow"], "POST /flow HTTP/1.1\n\ntoken=1");
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("signs nothing"), "{text}");
}

#[test]
fn what_is_missing_is_named_and_not_what_is_there() {
    let secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let signed = testing::standard_webhooks("msg_1", at(SIGNED_AT), "{}", secret);
    let raw = |without: &str| {
        let headers = signed.headers.iter().filter(|(name, _)| *name != without);
        let headers = headers.map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
        format!("POST / HTTP/1.1\n{}\n{{}}", headers.collect::<String>())
    };
    let directory = Directory::new();
    let file = directory.file("secret");
    std::fs::write(&file, secret).unwrap();
    let file = file.display().to_string();
    let arguments = ["standard", "--secret-file", &file];
    let (status, text) = said(&arguments, raw(""));
    assert_eq!(status, 0, "{text}");
    for header in ["webhook-id", "webhook-timestamp"] {
        let (status, text) = said(&arguments, raw(header));
        assert_eq!(status, 1, "{text}");
        let expected = format!("NOT authentic: it has no header {header}\n");
        assert!(text.contains(&expected), "{text}");
        let (_, json) = json(&arguments, raw(header));
        assert_eq!(json["rejection"], "credential_missing");
        assert_eq!(json["reason"], format!("it has no header {header}"));
    }
    let (_, text) = said(&arguments, raw("").replace("v1,", ""));
    assert!(
        text.contains("webhook-signature lacks what a receiver checks"),
        "{text}"
    );
    assert!(!text.contains("svix"), "{text}");
}

#[test]
fn white_space_at_the_ends_of_a_body_is_nothing_that_was_parsed() {
    for (sent, happened) in [
        (
            format!("{BODY}\n\n"),
            "white space was added after the body",
        ),
        (format!("{BODY} "), "white space was added after the body"),
        (format!("\n{BODY}"), "white space was added before the body"),
        (format!("{BODY}\r\n"), "a line end was added to the body"),
    ] {
        let (status, text) = said(&["stripe"], raw(BODY, &sent));
        assert_eq!(status, 1, "{text}");
        assert!(text.contains(happened), "{sent:?}: {text}");
        assert!(!text.contains("JSON"), "{sent:?}: {text}");
    }
}

#[test]
fn a_token_with_a_comma_is_no_header_that_was_joined() {
    let request = "POST /webhook HTTP/1.1\ntf-webhooktoken: tok,with\n\n{\"evento\":\"emitido\"}";
    let directory = Directory::new();
    let file = directory.file("request.http");
    std::fs::write(&file, request).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_test-webhook-rs"))
        .args(["verify", "tusfacturas", "--file"])
        .arg(&file)
        .env_clear()
        .env("TF_WEBHOOK_TOKEN", "tok,with")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("the secret was split at its comma"), "{text}");
    assert!(!text.contains("header"), "{text}");
}

#[test]
fn an_id_is_shown_as_the_sender_sends_it() {
    let request = format!(
        "POST /webhook HTTP/1.1\ntf-webhooktoken: {TOKEN}\n\n{{\"evento\":\"emitido\",\"recurso\":\"facturacion\",\"hook_id\":\"h17\"}}"
    );
    let (status, text) = said(&["tusfacturas"], request);
    assert_eq!(status, 0, "{text}");
    assert!(
        text.contains("  id        h17 facturacion emitido\n"),
        "{text}"
    );
}

#[test]
fn a_curl_command_is_read_and_not_run() {
    let escaped = BODY.replace('\'', "\\'").replace('ñ', "\\u00f1");
    for sent in [format!("'{BODY}'"), format!("$'{escaped}'")] {
        for comment in ["", "# of the page\n", "# a\r\n\n  # b\n$ "] {
            let (status, text) = said(&["stripe"], format!("{comment}{}", curl(&sent)));
            assert_eq!(status, 0, "{text}");
        }
    }
    let directory = Directory::new();
    let file = directory.file("made");
    for sent in [
        format!("\"$(touch {0})`touch {0}`\"", file.display()),
        format!("'{BODY}' -o {}", file.display()),
    ] {
        said(&["stripe"], curl(&sent));
        assert!(!file.exists());
        said(
            &["stripe"],
            format!("printf %s {sent} | base64 -d | {}", curl("@-")),
        );
        assert!(!file.exists());
    }
    std::fs::write(&file, BODY).unwrap();
    let (status, text) = said(&["stripe"], curl(&format!("@{}", file.display())));
    assert_eq!(status, 1, "--data-raw has no files: {text}");
    let command = curl("''").replace("--data-raw ''", &format!("--data @{}", file.display()));
    let (status, text) = said(&["stripe"], command);
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("--data names a file"), "{text}");
}

#[test]
fn a_token_proves_that_it_is_known_and_nothing_of_the_body() {
    let request = |token: &str| {
        format!(
            "POST /webhook HTTP/1.1\ntf-webhooktoken: {token}\n\n{{\"evento\":\"emitido\",\"external_reference\":\"1\"}}"
        )
    };
    let (status, json) = json(&["tusfacturas"], request(TOKEN));
    assert_eq!(status, 0, "{json}");
    assert_eq!(json["receiver"]["kind"], "emitido");
    assert!(
        json["proves"]
            .as_str()
            .unwrap()
            .contains("nothing is signed")
    );
    let (status, text) = said(&["tusfacturas"], request("tok-other"));
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("cannot tell why"), "{text}");
    assert!(!text.contains("minified"), "the body is not signed: {text}");
}

#[test]
fn a_proxy_that_replaces_the_id_of_the_request_is_named() {
    let request = testing::mercadopago("payment", "17", at(SIGNED_AT), "{}", SECRET);
    let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
    let raw = format!(
        "POST {} HTTP/1.1\nX-Signature: {}\nX-Request-Id: proxy\nX-Sent-Id: {}\n\n{{}}",
        request.uri,
        header("x-signature"),
        header("x-request-id"),
    );
    let (status, text) = said(&["mercadopago"], raw);
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("the value of x-sent-id as x-request-id"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_read_is_said_with_what_to_do() {
    let directory = Directory::new();
    let missing = directory.file("missing").display().to_string();
    let utf16: Vec<u8> = "POST / HTTP/1.1\n\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (arguments, stdin, expected) in [
        (&["stripe"][..], &b""[..], "there is no request"),
        (&["stripe"], b"hello", "neither raw HTTP"),
        (&["stripe"], b"HTTP/1.1 200 OK\n\n", "this is an answer"),
        (&["stripe"], &[&[0xff, 0xfe][..], &utf16].concat(), "UTF-16"),
        (&["stripe", "--file", &missing], b"", "missing: "),
        (
            &["stripe", "--secret-file", "-"],
            b"x",
            "both the request and the secret",
        ),
        (&["github"], b"POST / HTTP/1.1\n\n", "GITHUB_WEBHOOK_SECRET"),
        (&["nobody"], b"", "there is no sender `nobody`"),
    ] {
        let (status, text) = said(arguments, stdin);
        assert_eq!(status, 2, "{text}");
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn another_spelling_of_the_secret_is_named_and_not_shown() {
    let directory = Directory::new();
    let file = directory.file("secret");
    let secret_file = file.display().to_string();
    let spelled = SECRET.strip_prefix("whsec_").unwrap();
    std::fs::write(&file, format!("{spelled}\n")).unwrap();
    let arguments = ["stripe", "--secret-file", &secret_file];
    let (status, text) = said(&arguments, raw(BODY, BODY));
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("it is authentic with the secret preceded by `whsec_`"),
        "{text}"
    );
    // What no receiver would start with is an error that names the fix.
    std::fs::write(&file, format!("\"{SECRET}\"\n")).unwrap();
    let (status, text) = said(&arguments, raw(BODY, BODY));
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("wrapped in quotes: remove them"), "{text}");
}

#[test]
fn a_request_and_a_secret_can_come_from_files() {
    let directory = Directory::new();
    let request = directory.file("request.http");
    std::fs::write(&request, raw(BODY, BODY)).unwrap();
    let request = request.display().to_string();
    let (status, text) = said(
        &["stripe", "--file", &request, "--secret-file", "-"],
        SECRET,
    );
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("number 1 of 1"), "{text}");
}
