//! Every preset, attacked without a look into its scheme.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use serde_json::json;
use webhook_core::driver::Verifier;
use webhook_core::scheme::{Preset, Proof, SchemeProvider};
use webhook_core::signing::{Scheme, SchemeBuilder};
use webhook_core::testing::{self, TestRequest};
use webhook_core::{Payload, Provider, Rejection, Value};

use crate::bits::{
    assert_body_counts, assert_decodes_later, assert_no_header_forges, assert_same_proof, flipped,
};
use crate::{NOW, deliver, now};

/// The data behind the name of a sender.
trait HasPreset {
    type Preset: Preset;
}

impl<T: Payload, P: Preset> HasPreset for SchemeProvider<T, P> {
    type Preset = P;
}

/// What is signed with, and what is checked with: one of each form that senders use.
const SECRETS: [[&str; 2]; 7] = [
    [
        "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=",
        "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=",
    ],
    ["s3cr3t", "s3cr3t"],
    [
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ],
    [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ],
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    ],
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    ],
    [
        "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=",
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    ],
];

/// Values that the headers of senders have: a number, a UUID, a word, a time, an HTTP date.
const VALUES: [&str; 6] = [
    "1795600000",
    "1795600000000",
    "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    "order-paid",
    "2026-11-25T09:46:40.000Z",
    "a",
];

/// The text between these in what a scheme shows of itself.
fn shown<'a>(builder: &'a str, from: &str, to: char) -> Option<&'a str> {
    let (_, rest) = builder.split_once(from)?;
    rest.split(to).next()
}

/// The headers that its content names.
fn headers(builder: &str) -> Vec<String> {
    let template = shown(builder, "signs: Some(\"", '"').unwrap_or_default();
    let names = template.split("{header:").skip(1);
    names
        .map(|it| it.split('}').next().unwrap().to_owned())
        .collect()
}

/// A body with the time where the scheme looks for it, in one of the notations of senders.
fn bodies(builder: &str) -> Vec<String> {
    let time = shown(builder, "time: Some(TimeField {", '}').unwrap_or_default();
    let path = shown(time, "body: Some(\"", '"');
    let times = [
        json!(NOW),
        json!(NOW * 1000),
        json!("2026-11-25T09:46:40.000Z"),
    ];
    let body = |time: &Value| {
        let mut body = json!({"type": "paid", "event_type": "paid", "event": "paid", "id": "7", "event_id": "7"});
        if let Some(path) = path {
            let pointer: Vec<_> = path.split('.').collect();
            let nested = pointer
                .iter()
                .skip(1)
                .rev()
                .fold(time.clone(), |inner, key| json!({*key: inner}));
            body[pointer[0]] = nested;
        }
        body.to_string()
    };
    times.iter().map(body).collect()
}

/// A request that its verifier accepts: found by trying what senders do.
fn accepted<P: Preset>(
    builder: &SchemeBuilder,
) -> Option<(Verifier<SchemeProvider<Value, P>>, TestRequest)> {
    let scheme = builder.build().unwrap();
    let description = format!("{builder:?}");
    let names = headers(&description);
    let digits = "1234567890".repeat(6);
    let lengths = (1..=digits.len()).map(|length| &digits[..length]);
    let values: Vec<&str> = VALUES.into_iter().chain(lengths).collect();
    // A header whose only value is in the scheme needs none here.
    let mut choices = vec![vec![]];
    for value in values {
        choices.push(names.iter().map(|name| (name.as_str(), value)).collect());
    }
    for [signs, checks] in SECRETS {
        let Ok(verifier) = Verifier::<SchemeProvider<Value, P>>::try_new(checks) else {
            continue;
        };
        let verifier = verifier.clock(now);
        for body in bodies(&description) {
            for headers in &choices {
                let signed =
                    catch_unwind(AssertUnwindSafe(|| sign(&scheme, headers, &body, signs)));
                if let Ok(request) = signed
                    && request.deliver(&verifier).is_ok()
                {
                    return Some((verifier, request));
                }
            }
        }
    }
    None
}

fn sign(scheme: &Scheme, headers: &[(&str, &str)], body: &str, secret: &str) -> TestRequest {
    testing::scheme(scheme, now(), headers, body.to_owned(), secret)
}

fn check<P: Preset>() {
    let builder = P::scheme();
    assert_eq!(builder.build().unwrap().name(), P::NAME);
    let (verifier, request) =
        accepted::<P>(&builder).unwrap_or_else(|| panic!("{}: nothing is accepted", P::NAME));
    let event = deliver(&verifier, &request).unwrap();
    assert_decodes_later(&verifier, &request);
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let attacks = (any::<Index>(), 0..8_u8);
    let result = runner.run(&attacks, |(at, bit)| {
        assert_no_header_forges(&verifier, &request, at, bit);
        if event.proof == Proof::Body {
            assert_body_counts(&verifier, &request, at, bit);
        }
        for name in verifier.provider().credential_headers().to_vec() {
            let sent = request.headers[&name].as_bytes();
            let changed = flipped(&request, &name, at.index(sent.len()), bit);
            // The same hex in the other letter case; or a pair that nothing signs.
            if let Some(changed) = changed
                && let Ok(other) = deliver(&verifier, &changed)
            {
                assert_same_proof(&event, &other, P::NAME);
            }
            let mut twice = request.clone();
            twice.headers.append(&name, request.headers[&name].clone());
            assert_eq!(
                deliver(&verifier, &twice).unwrap_err(),
                Rejection::CredentialRepeated,
                "{}",
                P::NAME
            );
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{}: {error}", P::NAME));
    if let Some(tolerance) = verifier.provider().tolerance() {
        let second = std::time::Duration::from_secs(1);
        for (shift, is_near) in [(tolerance, true), (tolerance + second, false)] {
            for clock in [now() + shift, now() - shift] {
                let verifier = verifier.clone().clock(move || clock);
                assert_eq!(deliver(&verifier, &request).is_ok(), is_near, "{}", P::NAME);
            }
        }
    }
}

/// dLocal's scheme has the login of an account, so it is no preset.
macro_rules! check_one {
    (dlocal $sender:ident) => {};
    ($module:ident $sender:ident) => {
        check::<<webhook_core::$module::$sender as HasPreset>::Preset>();
    };
}

macro_rules! check_each {
    ($($(#[$cfg:meta])* $module:ident $sender:ident $layer:ident $name:literal;)*) => {
        #[test]
        fn every_preset_withstands_what_a_drawn_scheme_does() {
            $($(#[$cfg])* { check_one!($module $sender); })*
        }
    };
}

webhook_core::__for_each_preset!(check_each);
