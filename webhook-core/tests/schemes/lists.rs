//! Several signatures, repeated headers, and keys of every form.

use webhook_core::driver::Verifier;
use webhook_core::scheme::SchemeProvider;
use webhook_core::signing::{Credential, KeyEncoding, Scheme, SchemeBuilder, TimeField};
use webhook_core::{Rejection, testing};

use crate::{NOW, acme, deliver, now, signed, verifier, with};

const NAME: &str = "x-signature";

#[test]
fn one_right_signature_of_the_first_sixteen_is_enough() {
    let wrong = "0".repeat(64);
    let pairs = |separator| Credential::header(NAME).pair("v1").list(separator).hex();
    let list = |separator, prefix: &str| {
        Credential::header(NAME)
            .list(separator)
            .prefix(prefix)
            .hex()
    };
    for (credential, entry, separator) in [
        (pairs(','), "v1=", ","),
        (pairs(';'), "v1=", ";"),
        (pairs(' '), "v1=", " "),
        (pairs('ñ'), "v1=", "ñ"),
        (list(',', "sha="), "sha=", ","),
        (list(' ', "v1,"), "v1,", " "),
        (list('\u{3000}', ""), "", "\u{3000}"),
        (list('|', "ñ"), "ñ", "|"),
    ] {
        let scheme = Scheme::builder("acme")
            .hmac_sha256(credential)
            .signs("{body}");
        let request = signed(&scheme, &[], "{}");
        let sent = String::from_utf8(request.headers[NAME].as_bytes().to_vec()).unwrap();
        let own = sent.strip_prefix(entry).unwrap();
        for count in [1, 2, 16, 17] {
            for at in 0..count {
                let all: Vec<_> = (0..count)
                    .map(|n| format!("{entry}{}", if n == at { own } else { &wrong }))
                    .collect();
                let mut several = request.clone();
                let value = http::HeaderValue::from_bytes(all.join(separator).as_bytes()).unwrap();
                several.headers.insert(NAME, value);
                let result = deliver(&verifier(&scheme), &several);
                assert_eq!(
                    result.is_ok(),
                    at < 16,
                    "{at} of {count} after {separator:?}"
                );
            }
        }
    }
}

#[test]
fn a_time_that_is_twice_in_its_pairs_is_refused_wherever_it_is() {
    let scheme = Scheme::builder("acme")
        .hmac_sha256(Credential::header(NAME).pair("v1").hex())
        .time(TimeField::pair("t").seconds())
        .signs("{time}.{body}");
    let request = signed(&scheme, &[], "{}");
    let sent = request.headers[NAME].to_str().unwrap().to_owned();
    deliver(&verifier(&scheme), &request).unwrap();
    for value in [
        format!("{sent},t={NOW}"),
        format!("t={NOW},{sent}"),
        format!("{sent}, t =0"),
        format!("t=,{sent}"),
    ] {
        let twice = with(&request, &[(NAME, &value)]);
        assert_eq!(
            deliver(&verifier(&scheme), &twice).unwrap_err(),
            Rejection::CredentialRepeated,
            "{value}"
        );
    }
    for value in [
        sent.replace("t=", "T="),
        sent.replace("t=", "tt="),
        sent.split_once(',').unwrap().1.to_owned(),
    ] {
        let missing = with(&request, &[(NAME, &value)]);
        assert_eq!(
            deliver(&verifier(&scheme), &missing).unwrap_err(),
            Rejection::CredentialMissing,
            "{value}"
        );
    }
}

#[test]
fn names_of_headers_are_the_same_in_either_letter_case() {
    let scheme = Scheme::builder("acme")
        .hmac_sha256(Credential::header("X-Signature").hex())
        .time(TimeField::header("X-Time").seconds())
        .signs("{header:X-Login}.{time}.{body}")
        .form_of("X-LOGIN", webhook_core::signing::Form::exactly("me"))
        .keep_header("X-login")
        .keep_header("X-Time");
    let request = signed(&scheme, &[], "{}");
    let event = deliver(&verifier(&scheme), &request).unwrap();
    assert_eq!(event.headers["x-login"], "me");
    assert_eq!(event.headers["x-time"], NOW.to_string());
    let other = testing::scheme(
        &scheme.build().unwrap(),
        now(),
        &[("x-login", "you")],
        "{}",
        crate::SECRET,
    );
    assert_eq!(
        deliver(&verifier(&scheme), &other).unwrap_err(),
        Rejection::CredentialMalformed
    );
}

fn with_secret(builder: &SchemeBuilder, secret: &str) -> Result<Verifier<SchemeProvider>, String> {
    let provider = SchemeProvider::new(builder.build().unwrap(), secret);
    provider
        .map(Verifier::new)
        .map_err(|error| error.to_string())
}

#[test]
fn a_key_is_never_empty_and_may_be_longer_than_a_block() {
    let base64 = || {
        acme()
            .signs("{body}")
            .key(KeyEncoding::Base64)
            .key_prefix("whsec_")
    };
    let hex = || {
        acme()
            .signs("{body}")
            .key(KeyEncoding::Hex)
            .key_prefix("k:")
    };
    for (scheme, secret) in [
        (base64(), "whsec_"),
        (base64(), "="),
        (base64(), "whsec_===="),
        (base64(), "whsec_!"),
        (base64(), "whsec_whsec_YWJj"),
        (hex(), "k:"),
        (hex(), "k:a"),
        (hex(), "k:k:aa"),
    ] {
        assert!(with_secret(&scheme, secret).is_err(), "{secret}");
    }
    // Beyond the block of each hash, the key is hashed first; its hash is then the same key, and no other one is.
    for length in [1, 63, 64, 65, 127, 128, 129, 1000] {
        let secret = "k".repeat(length);
        let credential = || Credential::header(NAME).hex();
        for scheme in [
            Scheme::builder("acme").hmac_sha1(credential()),
            Scheme::builder("acme").hmac_sha256(credential()),
            Scheme::builder("acme").hmac_sha512(credential()),
        ] {
            let scheme = scheme.signs("{body}");
            let request = testing::scheme(&scheme.build().unwrap(), now(), &[], "{}", &secret);
            let verifier = with_secret(&scheme, &secret).unwrap();
            deliver(&verifier, &request).unwrap();
            let longer = with_secret(&scheme, &format!("{secret}k")).unwrap();
            assert_eq!(
                deliver(&longer, &request).unwrap_err(),
                Rejection::CredentialMismatch
            );
        }
    }
}
