//! Requests signed by libraries of other projects, sent to both running receivers.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use webhook_tests::server::Server;

const RECEIVERS: [&str; 2] = webhook_tests::receivers!();

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/deliver.py");

/// A safety net. Most of it is for installing the packages, which the script limits to less.
const AT_MOST: Duration = Duration::from_secs(900);

const VARIABLES: [(&str, &str); 20] = [
    (
        "STANDARD_WEBHOOKS_SECRET",
        "whsec_bmluZXR5LXNpeCBiaXRzIG9mIGtleSBvciBtb3JlISE=",
    ),
    ("GITHUB_WEBHOOK_SECRET", "It's a Secret to Everybody"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_stripe-4f5e6d"),
    ("MERCADOPAGO_WEBHOOK_SECRET", "mercadopago-7a8b9c0d"),
    ("ASAAS_WEBHOOK_TOKEN", "asaas-4f5e6d"),
    // From RFC 8032, section 7.1, test 1.
    (
        "DISCORD_PUBLIC_KEY",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ),
    ("DLOCAL_LOGIN", "login-1"),
    ("DLOCAL_WEBHOOK_SECRET", "dlocal-4f5e6d"),
    ("FINTOC_WEBHOOK_SECRET", "whsec_fintoc-4f5e6d"),
    (
        "GITLAB_WEBHOOK_SECRET",
        "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=",
    ),
    (
        "KHIPU_WEBHOOK_SECRET",
        "9393b9c2f4ef38e0d8c9bb8ad2ebb9ecdf2a2bd9",
    ),
    ("KUSHKI_WEBHOOK_SECRET", "12345678901234567890"),
    ("LINEAR_WEBHOOK_SECRET", "lin_wh_4f5e6d"),
    ("META_APP_SECRET", "0123456789abcdef0123456789abcdef"),
    ("SHOPIFY_WEBHOOK_SECRET", "shpss_0123456789abcdef"),
    ("SLACK_SIGNING_SECRET", "8f742231b10e8888abcd99yyyzzz85a5"),
    ("TELEGRAM_SECRET_TOKEN", "telegram_4f5e6d"),
    ("TIENDANUBE_WEBHOOK_SECRET", "tiendanube-4f5e6d"),
    ("WOMPI_WEBHOOK_SECRET", "test_events_4f5e6d"),
    ("WOOCOMMERCE_WEBHOOK_SECRET", "w00 & key"),
];

/// What signs for [`VARIABLES`], and no receiver needs.
const DISCORD_PRIVATE_KEY: &str =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

#[test]
#[ignore = "installs packages from PyPI"]
fn signatures_of_other_libraries_are_accepted_only_for_what_they_sign() {
    let python = python().expect("Python 3.9 or later");
    let mut servers = RECEIVERS.map(|binary| Server::start(binary, &VARIABLES));
    let mut script = Command::new(python);
    script
        .arg(SCRIPT)
        .args(
            servers
                .each_ref()
                .map(|server| format!("http://{}", server.addr)),
        )
        .envs(VARIABLES)
        .env("DISCORD_PRIVATE_KEY", DISCORD_PRIVATE_KEY);
    let (status, stdout, stderr) = run(script);
    assert_eq!(status, Some(0), "{stdout}\n{stderr}");

    let body = json!({"type": "interop", "texto": "ñandú ó", "monto": 15990.5});
    for server in &mut servers {
        for (provider, payload) in [
            ("standard_webhooks", "/payload"),
            ("standard_webhooks", "/payload"),
            ("github", "/payload/event"),
            ("github", "/payload/event"),
            ("stripe", "/payload"),
            ("mercadopago", "/unauthenticated/body"),
            ("mercadopago", "/unauthenticated/body"),
        ] {
            let line: Value = server.event();
            assert_eq!(line["provider"], provider);
            assert_eq!(line["event"].pointer(payload), Some(&body), "{line}");
        }
        for (provider, value, expected) in [
            ("slack", "/payload", &body),
            ("fintoc", "/payload", &body),
            ("gitlab-signing", "/payload", &body),
            ("discord", "/payload", &body),
            ("meta", "/payload", &body),
            ("shopify", "/payload", &body),
            ("woocommerce", "/payload", &body),
            ("tiendanube", "/payload", &body),
            ("khipu", "/payload", &body),
            ("kushki", "/payload", &body),
            ("dlocal", "/payload", &body),
            // Its time is in the body.
            ("linear", "/payload/texto", &json!("ñandú ó")),
            ("asaas", "/payload", &body),
            ("telegram", "/payload", &body),
            ("wompi", "/subject/transaction/status", &json!("APPROVED")),
        ] {
            let line = server.event();
            assert_eq!(line["provider"], provider);
            assert_eq!(line["event"].pointer(value), Some(expected), "{line}");
        }
        assert_eq!(server.other_events(), [""; 0]);
    }
}

/// A Python that can run the script and the packages, if there is one.
fn python() -> Option<&'static str> {
    let is_recent = |python: &&str| {
        Command::new(python)
            .args(["-c", "import sys; sys.exit(sys.version_info < (3, 9))"])
            .stdin(Stdio::null())
            .output()
            .is_ok_and(|output| output.status.success())
    };
    ["python3", "python"].into_iter().find(is_recent)
}

/// Runs a command, and returns its exit code, stdout and stderr.
fn run(mut command: Command) -> (Option<i32>, String, String) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + AT_MOST;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("does not end: {command:?}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    let output = child.wait_with_output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    (output.status.code(), stdout, stderr)
}
