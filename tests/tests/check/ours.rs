//! Our receivers, in which there is nothing to find.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use webhook_tests::directory::Directory;
use webhook_tests::server::{self, Server};

use crate::at_once::each;
use crate::command::{check, run};

const KEY: &str = "key-of-the-sender-4f5e6d";
const EVENTS_SECRET: &str = "test_events_4f5e6d7a8b";
const SIGNING_TOKEN: &str = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
const STRIPE_SECRET: &str = "whsec_4f5e6d7a8b9c";
/// From RFC 8032, section 7.1, test 1.
const PUBLIC_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const PRIVATE_KEY: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

const VARIABLES: [(&str, &str); 25] = [
    ("ASAAS_WEBHOOK_TOKEN", KEY),
    ("DISCORD_PRIVATE_KEY", PRIVATE_KEY),
    ("DISCORD_PUBLIC_KEY", PUBLIC_KEY),
    ("DLOCAL_LOGIN", "login-1"),
    ("DLOCAL_WEBHOOK_SECRET", KEY),
    ("FINTOC_WEBHOOK_SECRET", KEY),
    ("GITHUB_WEBHOOK_SECRET", KEY),
    ("KHIPU_WEBHOOK_SECRET", KEY),
    ("KUSHKI_WEBHOOK_SECRET", KEY),
    ("LINEAR_WEBHOOK_SECRET", KEY),
    ("MERCADOPAGO_WEBHOOK_SECRET", KEY),
    ("META_APP_SECRET", KEY),
    ("META_VERIFY_TOKEN", "verify-4f5e6d"),
    ("MULTICAJA_API_KEY", "private-key-5a4b3c"),
    ("SHOPIFY_WEBHOOK_SECRET", KEY),
    ("SLACK_SIGNING_SECRET", KEY),
    ("STANDARD_WEBHOOKS_SECRET", SIGNING_TOKEN),
    ("STRIPE_WEBHOOK_SECRET", STRIPE_SECRET),
    ("TELEGRAM_SECRET_TOKEN", KEY),
    ("TF_WEBHOOK_TOKEN", "token-of-pdv-3-9f8e7d"),
    ("TIENDANUBE_WEBHOOK_SECRET", KEY),
    ("WOMPI_WEBHOOK_SECRET", EVENTS_SECRET),
    ("WOOCOMMERCE_WEBHOOK_SECRET", KEY),
    // A receiver that did not end a slow body would be found: the check waits longer.
    ("BODY_TIMEOUT_MS", "3000"),
    ("RUST_LOG", "off"),
];

/// The two kinds of GitLab share a URL.
const GITLAB: [(&str, &str); 2] = [
    ("GITLAB_WEBHOOK_SECRET", SIGNING_TOKEN),
    ("GITLAB_WEBHOOK_TOKEN", KEY),
];

/// Senders, and where our receivers have them.
const PATHS: [(&str, &str); 25] = [
    ("tusfacturas", "/webhook"),
    ("multicaja", "/webhook_confirm"),
    ("klap", "/webhook_reject"),
    ("multicaja", "/webhooks?webhook=reject"),
    ("multicaja-validation", "/webhook_validation"),
    ("mercadopago", "/mercadopago"),
    ("mercadopago", "/mercadopago?source_news=webhooks"),
    ("wompi", "/wompi"),
    ("standard-webhooks", "/standard"),
    ("github", "/github"),
    ("stripe", "/stripe"),
    ("asaas", "/asaas"),
    ("discord", "/discord"),
    ("dlocal", "/dlocal"),
    ("fintoc", "/fintoc"),
    ("gitlab-signing", "/gitlab"),
    ("khipu", "/khipu"),
    ("kushki", "/kushki"),
    ("linear", "/linear"),
    ("meta", "/meta"),
    ("shopify", "/shopify"),
    ("slack", "/slack"),
    ("telegram", "/telegram"),
    ("tiendanube", "/tiendanube"),
    ("woocommerce", "/woocommerce"),
];

#[test]
fn no_fault_is_found_in_our_receivers_for_any_sender() {
    for binary in webhook_tests::receivers!() {
        let variables = [&VARIABLES[..], &GITLAB[..1]].concat();
        let server = Server::start(binary, &variables);
        let addr = server.addr;
        each(PATHS, |(sender, path)| {
            has_no_fault(binary, addr, sender, path, &variables);
        });
    }
    let variables = [&VARIABLES[..], &GITLAB[1..]].concat();
    let [binary, _] = webhook_tests::receivers!();
    let server = Server::start(binary, &variables);
    has_no_fault(binary, server.addr, "gitlab", "/gitlab", &variables);
}

fn has_no_fault(
    binary: &str,
    addr: SocketAddr,
    sender: &str,
    path: &str,
    variables: &[(&str, &str)],
) {
    let url = format!("http://{addr}{path}");
    let checked = check(&[sender, &url], variables);
    let binary = Path::new(binary).file_stem().unwrap().display();
    assert_eq!(
        (checked.status, checked.faults().len()),
        (Some(0), 0),
        "{sender} at {binary}:\n{}",
        checked.printed
    );
    assert_eq!(
        checked.with("note").len(),
        0,
        "{sender} at {binary}:\n{}",
        checked.printed
    );
    let least = if sender.ends_with("validation") {
        20
    } else {
        40
    };
    assert!(checked.tried() >= least, "{sender}: {}", checked.printed);
    for (name, value) in variables {
        let is_secret = !["BODY_TIMEOUT_MS", "DLOCAL_LOGIN", "RUST_LOG"].contains(name);
        assert!(
            !is_secret || !checked.printed.contains(value),
            "{name} is printed"
        );
    }
}

#[test]
fn our_durable_receiver_acts_once_and_never_on_a_forgery() {
    let senders = [("tusfacturas", "/webhook"), ("stripe", "/stripe")];
    each(senders, |(sender, path)| {
        let directory = Directory::new();
        let written = directory.file("events").display().to_string();
        let store = format!("sqlite:{}", directory.file("inbox.db").display());
        let variables = [&VARIABLES[..], &[("STORE", &store)]].concat();
        let binary = env!("CARGO_BIN_EXE_test-receiver-durable");
        let mut shell: Command = server::command("sh", &variables);
        shell.args(["-c", "exec \"$0\" > \"$1\"", binary, &written]);
        let server = Server::spawn(shell);
        let effects = format!("grep -c webhook-check- {written}");
        let url = format!("http://{}{path}", server.addr);
        let counting = ["--effects", &effects, "--effects-settle", "3s"];
        let checked = check(&[&[sender, &url][..], &counting].concat(), &variables);
        assert_eq!(checked.status, Some(0), "{}", checked.printed);
        let ok = checked.with("ok");
        for name in ["acts-twice", "acts-on-forgeries"] {
            assert!(ok.contains(name), "{name}: {}", checked.printed);
        }
    });
}

#[test]
fn with_forged_only_a_receiver_acts_on_nothing() {
    let [binary, _] = webhook_tests::receivers!();
    let variables = [&VARIABLES[..], &GITLAB[..1]].concat();
    let mut server = Server::start(binary, &variables);
    let senders = [
        ("tusfacturas", "/webhook"),
        ("multicaja", "/webhook_confirm"),
        ("mercadopago", "/mercadopago"),
        ("multicaja-validation", "/webhook_validation"),
        ("stripe", "/stripe"),
    ];
    let addr = server.addr;
    each(senders, |(sender, path)| {
        let url = format!("http://{addr}{path}");
        let checked = check(&[sender, &url, "--forged-only"], &variables);
        assert_eq!(checked.status, Some(0), "{}", checked.printed);
        assert!(checked.tried() >= 8, "{}", checked.printed);
        // Some receivers take these, and act on them.
        for name in ["twice-right-first", "long", "array"] {
            assert!(checked.with("skipped").contains(name), "{name}");
        }
    });
    assert_eq!(server.other_events(), [""; 0]);
}

#[test]
fn every_id_that_is_text_says_where_it_is_from() {
    let [binary, _] = webhook_tests::receivers!();
    let variables = [&VARIABLES[..], &GITLAB[..1]].concat();
    let mut server = Server::start(binary, &variables);
    let url = format!("http://{}/webhook", server.addr);
    let checked = check(&["tusfacturas", &url], &variables);
    assert_eq!(checked.status, Some(0), "{}", checked.printed);
    let events = server.other_events();
    assert!(events.len() > 10, "{events:?}");
    for event in events {
        assert!(event.contains(r#""hook_id":"webhook-check-"#), "{event}");
    }
}

#[test]
fn what_cannot_be_checked_is_said_with_the_fix() {
    let [binary, _] = webhook_tests::receivers!();
    let server = Server::start(binary, &VARIABLES);
    let url = |path: &str| format!("http://{}{path}", server.addr);
    let (right, elsewhere) = (url("/webhook"), url("/elsewhere"));
    let token = [("TF_WEBHOOK_TOKEN", "token-of-pdv-3-9f8e7d")];
    for (arguments, variables, expected) in [
        (
            &["tusfacturas", &right][..],
            &[("TF_WEBHOOK_TOKEN", "another-token")][..],
            "got 403 Forbidden, so nothing else was tried",
        ),
        (
            &["tusfacturas", &right],
            &[],
            "it was signed with a secret that was made for this machine",
        ),
        (
            &["tusfacturas", &elsewhere],
            &token,
            "got 404 Not Found, so nothing else was tried",
        ),
        (
            &["tusfacturas", "http://127.0.0.1:1/"],
            &token,
            "check that the receiver runs",
        ),
        (
            &["tusfacturas", "http://127.0.0.1:1/", "--forged-only"],
            &token,
            "check that the receiver runs",
        ),
        (
            &["tusfacturas", &right, "--only", "probe"],
            &token,
            "nothing could be checked",
        ),
        (
            &["tusfacturas", &right, "--slow-after", "0s"],
            &token,
            "nothing happens in no time",
        ),
        (
            &["tusfacturas", "http://192.0.2.1/"],
            &token,
            "give --remote if the receiver is yours",
        ),
        (
            &["tusfacturas", &right, "--only", "nothing"],
            &token,
            "there is no check `nothing`",
        ),
        (
            &["tusfacturas", &right, "--effects", "echo many"],
            &token,
            "it must print one whole number",
        ),
        (
            &["tusfacturas", "http://192.0.2.1/", "--remote"],
            &[],
            "set TF_WEBHOOK_TOKEN",
        ),
        (&["nobody", &right], &token, "there is no sender `nobody`"),
    ] {
        let output = run(arguments, variables);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn the_table_names_what_was_answered_and_what_should_have_been() {
    let [binary, _] = webhook_tests::receivers!();
    let server = Server::start(binary, &VARIABLES);
    let url = format!("http://{}/webhook", server.addr);
    let checks = [
        "--only",
        "authentic",
        "--only",
        "zeros",
        "--only",
        "acts-twice",
        "--only",
        "probe",
    ];
    let output = run(&[&["tusfacturas", &url], &checks[..]].concat(), &VARIABLES);
    let expected = format!(
        "TusFacturasAPP: electronic invoices, Argentina at {url}

check                     answered       should be
authentic                 200            200                           ok
acts-twice                ?              acts once                     cannot tell
    one delivery three times: the answers do not show it: give a command that counts what the receiver has done, with --effects
zeros                     403            refused, as with 403          ok

skipped probe: this sender sends none that is not signed

3 checks: 0 faults, 0 notes, 1 cannot be told, 1 skipped
"
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn every_check_is_in_the_list() {
    let [binary, _] = webhook_tests::receivers!();
    let server = Server::start(binary, &VARIABLES);
    let url = format!("http://{}/stripe", server.addr);
    let checked = check(&["stripe", &url], &VARIABLES);
    let listed = String::from_utf8(run(&["--list"], &[]).stdout).unwrap();
    let listed: Vec<_> = listed
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let mut tried = 0;
    for verdict in ["ok", "cannot_tell", "skipped"] {
        for name in checked.with(verdict) {
            assert!(
                name.starts_with("event-") || listed.contains(&name),
                "{name}"
            );
            tried += 1;
        }
    }
    let names = listed.iter().filter(|name| !name.is_empty()).count();
    assert_eq!(
        tried,
        names + 1,
        "and the other event of Stripe: {}",
        checked.printed
    );
}
