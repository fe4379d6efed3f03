//! Schemes with a token: it proves who sends, and nothing about what is sent.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use webhook_core::scheme::Proof;
use webhook_core::signing::{Credential, Field, Scheme, SchemeBuilder};
use webhook_core::{Rejection, RejectionClass, Trust, testing};

use crate::{deliver, now, with, with_body};

fn schemes() -> [(SchemeBuilder, Option<&'static str>); 4] {
    let token = |credential| {
        Scheme::builder("acme")
            .token(credential)
            .topic(Field::body("type"))
            .id(Field::header("x-id"))
            .keep_header("x-kept")
    };
    [
        (token(Credential::header("x-token")), Some("x-token")),
        (
            token(Credential::header("x-token").prefix("Key ")),
            Some("x-token"),
        ),
        (token(Credential::bearer()), Some("authorization")),
        (token(Credential::query_which_logs_show("k y")), None),
    ]
}

proptest! {
    #[test]
    fn the_token_is_compared_in_full_and_covers_nothing_else(
        secret in "[!-~]{1,40}".prop_filter("fit", |secret| webhook_core::Secret::raw(secret.clone()).is_ok()),
        at in any::<Index>(),
        bit in 0..8_u8,
    ) {
        for (builder, header) in schemes() {
            let scheme = builder.build().unwrap();
            let Ok(provider) = webhook_core::scheme::SchemeProvider::new(scheme.clone(), secret.as_str()) else {
                continue;
            };
            let verifier = webhook_core::driver::Verifier::new(provider);
            let headers = [("x-id", "1"), ("x-kept", "2")];
            let request = testing::scheme(&scheme, now(), &headers, r#"{"type":"a"}"#, &secret);
            let accepted = request.deliver(&verifier).unwrap();
            assert_eq!(accepted.delivery.id().unwrap().trust(), Trust::Bearer);
            let event = accepted.delivery.into_event();
            assert_eq!(event.proof, Proof::Token);
            assert_eq!(event.topic().as_deref(), Some("a"));
            assert_eq!((event.id(), event.headers.len()), (None, 0));
            assert_eq!(event.unauthenticated.id.as_deref(), Some("1"));

            let other = with(&with_body(&request, r#"{"type":"b"}"#), &[("x-id", "3")]);
            let event = deliver(&verifier, &other).unwrap();
            assert_eq!((event.payload, event.proof), (json!({"type": "b"}), Proof::Token));

            let mut changed = request.clone();
            let mut repeated = request.clone();
            match header {
                Some(name) => {
                    let mut value = request.headers[name].as_bytes().to_vec();
                    // The scheme of `Authorization` is the same in either letter case.
                    let skipped = value.len() - secret.len();
                    value[skipped + at.index(secret.len())] ^= 1 << bit;
                    let Ok(value) = http::HeaderValue::from_bytes(&value) else { continue };
                    changed.headers.insert(name, value);
                    repeated.headers.append(name, request.headers[name].clone());
                }
                None => {
                    let uri = request.uri.to_string();
                    let mut token = secret.clone().into_bytes();
                    token[at.index(secret.len())] ^= 1 << bit;
                    let token: String = token.iter().map(|byte| format!("%{byte:02X}")).collect();
                    let (name, _) = uri.split_once('=').unwrap();
                    changed.uri = format!("{name}={token}").parse().unwrap();
                    let (_, pair) = uri.split_once('?').unwrap();
                    repeated.uri = format!("{uri}&{pair}").parse().unwrap();
                }
            }
            let refused = deliver(&verifier, &changed).unwrap_err();
            assert_eq!(refused.class(), RejectionClass::Credential, "{builder:?}");
            assert_eq!(deliver(&verifier, &repeated).unwrap_err(), Rejection::CredentialRepeated);
        }
    }
}

#[test]
fn a_request_without_a_token_is_refused_however_it_leaves_it_out() {
    for (builder, header) in schemes() {
        let verifier = crate::verifier(&builder);
        let request = crate::signed(&builder, &[], "{}");
        match header {
            Some(name) => {
                for value in [
                    "",
                    " ",
                    "Key ",
                    "Bearer ",
                    "Bearer",
                    "Basic s3cr3t",
                    "s3cr3t s3cr3t",
                ] {
                    let refused = deliver(&verifier, &with(&request, &[(name, value)]));
                    assert_eq!(
                        refused.unwrap_err().class(),
                        RejectionClass::Credential,
                        "{value:?}"
                    );
                }
            }
            None => {
                for query in [
                    "",
                    "k",
                    "k%20y",
                    "k%20y=",
                    "k+y=s3cr3t",
                    "K%20Y=s3cr3t",
                    "&&",
                ] {
                    let mut request = request.clone();
                    request.uri = format!("/hook?{query}").parse().unwrap();
                    let refused = deliver(&verifier, &request);
                    assert_eq!(
                        refused.unwrap_err().class(),
                        RejectionClass::Credential,
                        "{query:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_token_without_its_prefix_is_refused() {
    let prefixed = Scheme::builder("acme").token(Credential::header("x-token").prefix("Key "));
    let request = crate::signed(&prefixed, &[], "{}");
    for value in ["s3cr3t", "key s3cr3t", "Keys3cr3t", "Key  s3cr3t"] {
        let refused = deliver(
            &crate::verifier(&prefixed),
            &with(&request, &[("x-token", value)]),
        );
        assert_eq!(
            refused.unwrap_err().class(),
            RejectionClass::Credential,
            "{value}"
        );
    }
}
