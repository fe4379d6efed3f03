//! What is read is what was sent, and nothing that is read makes the command panic.

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use webhook_core::Secret;

use super::{captured, is_authentic, signed};
use crate::senders::{Senders, Verdict};
use crate::verify::capture::Captured;
use crate::verify::endpoint;
use crate::verify::examination::{Outcome, examine};
use crate::verify::search::WORK;

/// The request as it is on the wire, with these line ends in its head.
fn raw(request: &Request<Bytes>, end: &str) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1{end}", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        text.extend_from_slice(format!("{name}: ").as_bytes());
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(end.as_bytes());
    }
    text.extend_from_slice(end.as_bytes());
    text.extend_from_slice(request.body());
    text
}

/// The same as a command.
fn curl(request: &Request<Bytes>, quoted: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut command = b"curl -sS ".to_vec();
    let url = format!("https://example.com{}", request.uri());
    command.extend(quoted(url.as_bytes()));
    for (name, value) in request.headers() {
        command.extend_from_slice(b" \\\n  -H ");
        command.extend(quoted(
            &[name.as_str().as_bytes(), b": ", value.as_bytes()].concat(),
        ));
    }
    command.extend_from_slice(b" --data-raw ");
    command.extend(quoted(request.body()));
    command.push(b'\n');
    command
}

fn in_single_quotes(word: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = word.split(|byte| *byte == b'\'').collect();
    [&b"'"[..], &parts.join(&b"'\\''"[..]), b"'"].concat()
}

fn in_double_quotes(word: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in word {
        if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    quoted
}

fn in_ansi_c_quotes(word: &[u8]) -> Vec<u8> {
    let escaped = word.iter().map(|byte| format!("\\x{byte:02x}"));
    format!("$'{}'", escaped.collect::<String>()).into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_is_read_as_it_was_sent(body in proptest::collection::vec(any::<u8>(), 0..60)) {
        let senders = Senders::load(None).unwrap();
        let sender = senders.find("github").unwrap();
        let signed = signed(sender, None);
        let secret = &signed.configured[1];
        let key = super::causes::key(secret.expose());
        let signature = format!("sha256={}", hex::encode(key.sign(&[&body])));
        let mut request = super::with_body(&signed.request, body);
        request.headers_mut().insert("x-hub-signature-256", signature.parse().unwrap());
        for capture in [
            raw(&request, "\r\n"),
            raw(&request, "\n"),
            curl(&request, in_single_quotes),
            curl(&request, in_double_quotes),
            curl(&request, in_ansi_c_quotes),
        ] {
            let captured = Captured::parse(&capture).unwrap();
            prop_assert_eq!(captured.request.body(), request.body());
            prop_assert_eq!(captured.request.method(), request.method());
            prop_assert_eq!(captured.request.uri(), request.uri());
            for (name, value) in request.headers() {
                prop_assert_eq!(captured.request.headers().get(name), Some(value));
            }
            let found = examine(sender, &captured, std::slice::from_ref(secret), 1_000_000);
            prop_assert!(is_authentic(&found.unwrap()));
        }
    }

    #[test]
    fn nothing_that_is_read_makes_it_panic(
        start in proptest::sample::select(vec![
            "", "curl ", "curl 'http://x/' -H 'a: b' -d $'", "POST / HTTP/1.1\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n",
            "POST / HTTP/1.1\nX-Hub-Signature-256: sha256=",
            "POST /?data.id=1&data.id=%ff HTTP/1.1\nx-signature: ts=1,v1=",
            "POST / HTTP/1.1\nX-GitHub-Event: push\nX-Hub-Signature-256: sha256=0000000000000000000000000000000000000000000000000000000000000000\n\n",
        ]),
        rest in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..80),
            proptest::string::string_regex("[-{}\\[\\]\",:'\\\\u0-9a-fA-F$\n\r =;&x]{0,80}").unwrap().prop_map(String::into_bytes),
        ],
    ) {
        let Ok(captured) = Captured::parse(&[start.as_bytes(), &rest].concat()) else {
            return Ok(());
        };
        let senders = Senders::load(None).unwrap();
        for name in ["github", "mercadopago", "wompi"] {
            let sender = senders.find(name).unwrap();
            let secrets = [Secret::new("s3cr3t").unwrap()];
            let found = examine(sender, &captured, &secrets, 1_000_000).unwrap();
            prop_assert!(!is_authentic(&found));
        }
    }
}

#[test]
fn a_delivery_of_klap_is_authentic_on_any_path() {
    let mut senders = Senders::load(None).unwrap();
    let klap = senders.take("klap").unwrap();
    for (target, is_supplied) in [
        ("/pagos", true),
        ("/pagos/?webhok=reject", true),
        ("/", true),
        ("/pagos/webhook_reject", false),
        ("/pagos?webhook=confirm", false),
    ] {
        let mut signed = signed(&klap, None);
        *signed.request.uri_mut() = target.parse().unwrap();
        let mut captured = captured(signed.request);
        endpoint::supply(&klap, &mut captured).unwrap();
        assert_eq!(captured.notes.len(), usize::from(is_supplied), "{target}");
        let finding = examine(&klap, &captured, &signed.configured, WORK).unwrap();
        assert!(
            matches!(
                finding.outcome,
                Outcome::Authentic {
                    verdict: Verdict::Authentic(_),
                    ..
                }
            ),
            "{target}: {finding:?}"
        );
        let other = klap.generate_secret().unwrap();
        let finding = examine(&klap, &captured, &[other], WORK).unwrap();
        assert!(
            matches!(finding.outcome, Outcome::Refused { .. }),
            "{target}"
        );
    }
    // The one that names what is not there is not helped.
    let mut signed = signed(&klap, None);
    *signed.request.uri_mut() = "/pagos?webhook=refund".parse().unwrap();
    let mut captured = captured(signed.request);
    endpoint::supply(&klap, &mut captured).unwrap();
    assert!(captured.notes.is_empty());
}
