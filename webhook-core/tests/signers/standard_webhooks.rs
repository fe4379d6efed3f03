use serde::Deserialize;
use webhook_core::driver::Verifier;
use webhook_core::standard_webhooks::{StandardEvent, StandardWebhooks};
use webhook_core::testing::{self, TestRequest};
use webhook_core::{Secret, SecretsErrorKind};

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &str = r#"{"test": 2432232314}"#;

fn signed(timestamp: u64, body: &'static str, secret: &str) -> TestRequest {
    testing::standard_webhooks(ID, at(timestamp), body, secret)
}

fn authentic() -> TestRequest {
    signed(NOW, BODY, SECRET)
}

#[test]
fn the_published_vector_is_accepted() {
    // The test suites of the `standardwebhooks` libraries and of Svix, and `standardwebhooks` 1.1.0 of PyPI.
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    let verifier = verifier::<StandardWebhooks>(SECRET);
    for family in ["webhook", "svix"] {
        let mut request = authentic();
        assert_eq!(request.value("webhook-signature"), SIGNATURE);
        if family == "svix" {
            to_svix(&mut request);
        }
        let event = deliver(&verifier, &request).unwrap().delivery.into_event();
        assert_eq!(
            event,
            StandardEvent::new(ID, NOW, serde_json::json!({"test": 2_432_232_314_u64}))
        );
    }
}

fn to_svix(request: &mut TestRequest) {
    request.rename("webhook-id", "svix-id");
    request.rename("webhook-timestamp", "svix-timestamp");
    request.rename("webhook-signature", "svix-signature");
}

#[test]
fn only_what_the_key_has_signed_passes() {
    const SIGNATURE: &str = "webhook-signature";
    const TIMESTAMP: &str = "webhook-timestamp";
    // Well-formed, but by a different key.
    let bad = signed(NOW, BODY, OTHER_SECRET).value(SIGNATURE);
    let list = |request: &mut TestRequest, place| {
        let list = list_with(&request.value(SIGNATURE), &bad, " ", place, 1000);
        request.set(SIGNATURE, list);
    };

    let verifier = verifier::<StandardWebhooks>(SECRET);
    #[rustfmt::skip]
    let rows: &[Row<'_>] = &[
        ("as signed", &|_| {}, "accepted"),
        ("wrong key", &|r| r.set(SIGNATURE, &bad), "credential_mismatch"),
        ("another body", &|r| r.body = r#"{"test": 2432232315}"#.into(), "credential_mismatch"),
        ("another id", &|r| r.set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJel"), "credential_mismatch"),
        ("another time", &|r| r.set(TIMESTAMP, "1614265331"), "credential_mismatch"),
        ("a zero before the time", &|r| r.set(TIMESTAMP, "01614265330"), "credential_mismatch"),
        ("id and time split elsewhere", &|r| r.set("webhook-id", format!("{ID}.1")), "credential_malformed"),
        // Time.
        ("300 s old", &|r| *r = signed(NOW - 300, BODY, SECRET), "accepted"),
        ("301 s old", &|r| *r = signed(NOW - 301, BODY, SECRET), "timestamp_outside_tolerance"),
        ("300 s ahead", &|r| *r = signed(NOW + 300, BODY, SECRET), "accepted"),
        ("301 s ahead", &|r| *r = signed(NOW + 301, BODY, SECRET), "timestamp_outside_tolerance"),
        ("the last time of all", &|r| r.set(TIMESTAMP, u64::MAX.to_string()), "timestamp_outside_tolerance"),
        ("a time beyond it", &|r| r.set(TIMESTAMP, "18446744073709551616"), "credential_malformed"),
        ("a time with a sign", &|r| r.set(TIMESTAMP, "+1614265330"), "credential_malformed"),
        ("a time with a fraction", &|r| r.set(TIMESTAMP, "1614265330.5"), "credential_malformed"),
        ("a time in words", &|r| r.set(TIMESTAMP, "now"), "credential_malformed"),
        // Headers.
        ("no id", &|r| r.remove("webhook-id"), "credential_missing"),
        ("no time", &|r| r.remove(TIMESTAMP), "credential_missing"),
        ("no signature", &|r| r.remove(SIGNATURE), "credential_missing"),
        ("empty id", &|r| r.set("webhook-id", ""), "credential_missing"),
        ("id is not text", &|r| r.set("webhook-id", b"\xff"), "credential_malformed"),
        ("id twice", &|r| r.repeat("webhook-id"), "credential_repeated"),
        ("time twice", &|r| r.repeat(TIMESTAMP), "credential_repeated"),
        ("signature twice", &|r| r.repeat(SIGNATURE), "credential_repeated"),
        ("svix-* alone", &to_svix, "accepted"),
        ("a svix-* field more", &|r| r.set("svix-id", ID), "credential_repeated"),
        ("a webhook-* header named svix-*", &|r| r.rename(TIMESTAMP, "svix-timestamp"), "credential_repeated"),
        // Signatures.
        ("not base64", &|r| r.set(SIGNATURE, "v1,????"), "credential_malformed"),
        ("base64 unpadded", &|r| r.set(SIGNATURE, r.value(SIGNATURE).trim_end_matches('=')), "credential_malformed"),
        ("31 bytes", &|r| r.set(SIGNATURE, format!("v1,{}A==", "A".repeat(41))), "credential_malformed"),
        ("33 bytes", &|r| r.set(SIGNATURE, format!("v1,{}", "A".repeat(44))), "credential_malformed"),
        ("bare base64", &|r| r.set(SIGNATURE, &r.value(SIGNATURE)[3..]), "credential_missing"),
        ("v1a alone", &|r| r.set(SIGNATURE, r.value(SIGNATURE).replace("v1", "v1a")), "credential_missing"),
        ("v2 before v1", &|r| r.set(SIGNATURE, format!("v2,x v1a,y {}", r.value(SIGNATURE))), "accepted"),
        ("garbage before v1", &|r| r.set(SIGNATURE, format!("v1,x  {}", r.value(SIGNATURE))), "accepted"),
        ("1st of 1,000", &|r| list(r, 1), "accepted"),
        ("16th of 1,000", &|r| list(r, 16), "accepted"),
        ("17th of 1,000", &|r| list(r, 17), "credential_mismatch"),
        // Bodies.
        ("not JSON", &|r| *r = signed(NOW, "{", SECRET), "body_truncated"),
        ("no JSON either", &|r| *r = signed(NOW, "{}x", SECRET), "body_syntax"),
    ];
    assert_rows(&verifier, &authentic(), rows);
    assert_garbage_is_refused(
        &verifier,
        &authentic(),
        &["webhook-id", TIMESTAMP, SIGNATURE],
    );
    assert_answers(&verifier, &authentic(), &[]);
}

#[test]
fn the_tolerance_can_be_set() {
    let verifier = verifier::<StandardWebhooks>(SECRET).tolerance(Duration::from_secs(5));
    assert_rows(
        &verifier,
        &authentic(),
        &[
            (
                "5 s old",
                &|r| *r = signed(NOW - 5, BODY, SECRET),
                "accepted",
            ),
            (
                "6 s old",
                &|r| *r = signed(NOW - 6, BODY, SECRET),
                "timestamp_outside_tolerance",
            ),
        ],
    );
    let verifier = verifier.tolerance(Duration::MAX);
    assert!(deliver(&verifier, &signed(0, BODY, SECRET)).is_ok());
}

#[test]
fn a_body_that_does_not_fit_is_refused_once_it_is_authentic() {
    #[derive(Clone, Debug, Deserialize)]
    struct Contact {
        test: String,
    }

    let verifier = verifier::<StandardWebhooks<Contact>>(SECRET);
    assert_rows(
        &verifier,
        &authentic(),
        &[
            ("authentic", &|_| {}, "body_does_not_fit"),
            (
                "forged",
                &|r| *r = signed(NOW, BODY, OTHER_SECRET),
                "credential_mismatch",
            ),
        ],
    );
    let fitting = signed(NOW, r#"{"test":"yes","more":1}"#, SECRET);
    assert_eq!(
        deliver(&verifier, &fitting).unwrap().delivery.payload.test,
        "yes"
    );
}

#[test]
fn a_key_that_is_not_base64_of_24_bytes_or_more_is_refused() {
    let refusal = |secret: &str| {
        let error = Verifier::<StandardWebhooks>::try_new(secret).err()?;
        assert!(!error.to_string().contains(secret), "{error}");
        Some(error.kind())
    };
    let bytes = |count: usize| "A".repeat(count / 3 * 4) + ["", "AA==", "AAA="][count % 3];
    assert!(matches!(
        refusal(&bytes(23)),
        Some(SecretsErrorKind::WrongLength { .. })
    ));
    // Whop's keys have 67 bytes, and Svix allows 75; the limit is 4 KiB of text.
    for count in [24, 64, 65, 67, 75, 3072] {
        assert_eq!(refusal(&bytes(count)), None, "{count}");
    }
    assert_eq!(
        refusal(&bytes(3075)),
        Some(SecretsErrorKind::TooLong { limit: 4096 })
    );
    assert_eq!(refusal(SECRET.trim_start_matches("whsec_")), None);
    assert_eq!(refusal(bytes(25).trim_end_matches('=')), None);
    for (secret, place) in [
        ("whsec_====", Some(7)),
        ("whsec_whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Some(12)),
        ("v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w", Some(40)),
        ("not base64 at all, but long enough", Some(4)),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwA", None),
    ] {
        let expected = SecretsErrorKind::NotBase64 { place };
        assert_eq!(refusal(secret), Some(expected), "{secret}");
    }
    for other in [
        "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ] {
        assert!(matches!(
            refusal(other),
            Some(SecretsErrorKind::OtherCredential { .. })
        ));
    }
}

#[test]
fn the_text_itself_is_the_key_if_the_app_says_so() {
    // Also valid base64: only the app can tell.
    let text = SECRET.trim_start_matches("whsec_");
    let raw = || Secret::raw(text).unwrap();
    let now = SystemTime::now();
    let with = |secret: Secret| testing::standard_webhooks(ID, now, BODY, secret);
    let decoded = testing::standard_webhooks(ID, now, BODY, SECRET);
    let accepts = |verifier: &Verifier<StandardWebhooks>| {
        [with(raw()), decoded.clone()].map(|request| deliver(verifier, &request).is_ok())
    };

    let only_raw = Verifier::<StandardWebhooks>::try_new(raw()).unwrap();
    assert_eq!(accepts(&only_raw), [true, false]);
    let only_decoded = Verifier::<StandardWebhooks>::try_new(SECRET).unwrap();
    assert_eq!(accepts(&only_decoded), [false, true]);

    let both =
        Verifier::<StandardWebhooks>::try_new([raw(), Secret::new(SECRET).unwrap()]).unwrap();
    assert_eq!(accepts(&both), [true, true]);
    // A text that could be either removes both: a key must not stay if its owner believes that it is gone.
    both.secrets().add(OTHER_SECRET).unwrap();
    both.secrets().remove(text).unwrap();
    assert_eq!(accepts(&both), [false, false]);

    let any = Secret::raw("ws_3f").unwrap().labeled("whop").unwrap();
    let whop = Verifier::<StandardWebhooks>::try_new(any.clone()).unwrap();
    let accepted = deliver(&whop, &with(any)).unwrap();
    assert_eq!(accepted.delivery.label().unwrap(), "whop");
}

#[test]
fn one_key_in_two_spellings_is_one_secret() {
    let padded = format!("{}==", "A".repeat(34));
    let spellings: [String; 5] = [
        format!("v1,whsec_{padded}"),
        format!("whsec_{padded}"),
        padded.clone(),
        format!("whsec_{}", padded.trim_end_matches('=')),
        padded.trim_end_matches('=').to_owned(),
    ];
    for set in &spellings {
        for other in &spellings {
            let error = Verifier::<StandardWebhooks>::try_new([set, other]).unwrap_err();
            assert_eq!(error.kind(), SecretsErrorKind::Repeated, "{set} {other}");

            let verifier = Verifier::<StandardWebhooks>::try_new([set.as_str(), SECRET]).unwrap();
            verifier.secrets().remove(other).unwrap();
            let request = testing::standard_webhooks(ID, SystemTime::now(), BODY, set.as_str());
            let refused = deliver(&verifier, &request).unwrap_err();
            assert_eq!(reason(&refused), "credential_mismatch");
        }
    }
}

#[test]
fn keys_rotate_and_are_limited() {
    let sign = |secret: &str| testing::standard_webhooks(ID, SystemTime::now(), BODY, secret);
    assert_rotation::<StandardWebhooks>(SECRET, OTHER_SECRET, sign);
    assert_key_limit::<StandardWebhooks>(|n| format!("whsec_{:A>32}", n), sign);
}
