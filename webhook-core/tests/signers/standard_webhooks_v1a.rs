//! Public keys of Standard Webhooks, alone and beside secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use webhook_core::github::Github;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::Multicaja;
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{IntoSecrets, Secret, SecretsError, testing};

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PUBLISHED_KEY: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &str = r#"{"test": 2432232314}"#;
const SIGNATURE: &str = "webhook-signature";

/// A private key, `whsk_…`, and its public key, `whpk_…`.
fn pair(seed: u8) -> (String, String) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let public = STANDARD.encode(key.verifying_key().as_bytes());
    let private = STANDARD.encode(key.to_keypair_bytes());
    (format!("whsk_{private}"), format!("whpk_{public}"))
}

fn public(key: &str) -> Secret {
    Secret::public_key(key).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn with(secrets: impl IntoSecrets) -> Verifier<StandardWebhooks> {
    Verifier::try_new(secrets).unwrap().clock(|| at(NOW))
}

fn signed(private_key: &str) -> TestRequest {
    testing::standard_webhooks_v1a(ID, at(NOW), BODY, private_key)
}

/// `accepted`, or the name of the rejection, for these entries of the header with signatures.
fn result(verifier: &Verifier<StandardWebhooks>, entries: &[&str]) -> &'static str {
    let mut request = signed(&pair(1).0);
    request.set(SIGNATURE, entries.join(" "));
    match deliver(verifier, &request) {
        Ok(_) => "accepted",
        Err(refused) => reason(&refused),
    }
}

/// From the tests of the specification's reference server, and of its libraries.
#[test]
fn the_published_signatures_pass_and_what_differs_from_them_does_not() {
    const V1: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const V1A: &str = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

    let both = format!("{V1} {V1A}");
    let as_v1 = V1A.replace("v1a", "v1");
    let another_body = r#"{"test": 2432232315}"#;
    // The key; the signatures; the body; seconds since they were made; the result.
    let rows = [
        (PUBLISHED_KEY, V1A, BODY, 1, "accepted"),
        (PUBLISHED_KEY, &both, BODY, 1, "accepted"),
        (PUBLISHED_KEY, V1A, another_body, 1, "credential_mismatch"),
        (PUBLISHED_KEY, V1, BODY, 1, "credential_missing"),
        (PUBLISHED_KEY, &as_v1, BODY, 1, "credential_missing"),
        (PUBLISHED_KEY, V1A, BODY, 300, "accepted"),
        (PUBLISHED_KEY, V1A, BODY, 301, "timestamp_outside_tolerance"),
        (SECRET, V1, BODY, 1, "accepted"),
        (SECRET, &both, BODY, 1, "accepted"),
        (SECRET, V1A, BODY, 1, "credential_missing"),
    ];
    for (key, signatures, body, age, expected) in rows {
        let key = match key.starts_with("whpk_") {
            true => public(key),
            false => secret(key),
        };
        let verifier = Verifier::<StandardWebhooks>::try_new(key).unwrap();
        let verifier = verifier.clock(move || at(NOW + age));
        let mut request = testing::standard_webhooks(ID, at(NOW), body, SECRET);
        request.set(SIGNATURE, signatures);
        let result = match deliver(&verifier, &request) {
            Ok(accepted) => {
                assert_eq!(accepted.delivery.id, ID);
                "accepted"
            }
            Err(refused) => reason(&refused),
        };
        assert_eq!(result, expected, "{signatures} {body} {age}");
    }
}

#[test]
fn only_what_the_private_key_has_signed_passes() {
    let [(private, key), (other, _)] = [pair(1), pair(2)];
    let bad = signed(&other).value(SIGNATURE);
    let list = |request: &mut TestRequest, place| {
        let list = list_with(&request.value(SIGNATURE), &bad, " ", place, 1000);
        request.set(SIGNATURE, list);
    };
    let at_time = |time: u64| testing::standard_webhooks_v1a(ID, at(time), BODY, &private);

    #[rustfmt::skip]
    let rows: &[Row<'_>] = &[
        ("as signed", &|_| {}, "accepted"),
        ("wrong key", &|r| r.set(SIGNATURE, &bad), "credential_mismatch"),
        ("another body", &|r| r.body = r#"{"test": 2432232315}"#.into(), "credential_mismatch"),
        ("another id", &|r| r.set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJel"), "credential_mismatch"),
        ("another time", &|r| r.set("webhook-timestamp", "1614265331"), "credential_mismatch"),
        ("id and time split elsewhere", &|r| r.set("webhook-id", format!("{ID}.1")), "credential_malformed"),
        ("300 s old", &|r| *r = at_time(NOW - 300), "accepted"),
        ("301 s old", &|r| *r = at_time(NOW - 301), "timestamp_outside_tolerance"),
        ("301 s ahead", &|r| *r = at_time(NOW + 301), "timestamp_outside_tolerance"),
        ("no signature", &|r| r.remove(SIGNATURE), "credential_missing"),
        ("signature twice", &|r| r.repeat(SIGNATURE), "credential_repeated"),
        ("not base64", &|r| r.set(SIGNATURE, "v1a,????"), "credential_malformed"),
        ("base64 unpadded", &|r| r.set(SIGNATURE, r.value(SIGNATURE).trim_end_matches('=')), "credential_malformed"),
        ("32 bytes", &|r| r.set(SIGNATURE, format!("v1a,{}A=", "A".repeat(42))), "credential_malformed"),
        ("65 bytes", &|r| r.set(SIGNATURE, format!("v1a,{}A=", "A".repeat(86))), "credential_malformed"),
        ("no bytes", &|r| r.set(SIGNATURE, "v1a,"), "credential_malformed"),
        ("zeros", &|r| r.set(SIGNATURE, format!("v1a,{}", STANDARD.encode([0; 64]))), "credential_mismatch"),
        ("as v1", &|r| r.set(SIGNATURE, r.value(SIGNATURE).replace("v1a", "v1")), "credential_missing"),
        ("as v1b", &|r| r.set(SIGNATURE, r.value(SIGNATURE).replace("v1a", "v1b")), "credential_missing"),
        ("in capitals", &|r| r.set(SIGNATURE, r.value(SIGNATURE).replace("v1a", "V1A")), "credential_missing"),
        ("a key in the request", &|r| r.set(SIGNATURE, format!("{key} {bad}")), "credential_mismatch"),
        ("1st of 1,000", &|r| list(r, 1), "accepted"),
        ("16th of 1,000", &|r| list(r, 16), "accepted"),
        ("17th of 1,000", &|r| list(r, 17), "credential_mismatch"),
    ];
    let verifier = with(public(&key));
    assert_rows(&verifier, &signed(&private), rows);
    assert_garbage_is_refused(
        &verifier,
        &signed(&private),
        &["webhook-id", "webhook-timestamp", SIGNATURE],
    );
    assert_answers(&verifier, &signed(&private), &[]);
}

#[test]
fn a_key_skips_the_entries_of_the_other_kind() {
    let [(private, key), (other, _)] = [pair(1), pair(2)];
    let [v1a, bad_v1a] = [&private, &other].map(|key| signed(key).value(SIGNATURE));
    let v1_of = |secret| testing::standard_webhooks(ID, at(NOW), BODY, secret).value(SIGNATURE);
    let (v1, bad_v1) = (
        v1_of(SECRET),
        v1_of("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    );
    let as_v1 = v1a.replace("v1a,", "v1,");
    let as_v1a = v1.replace("v1,", "v1a,");

    let shared_only = with(secret(SECRET));
    let public_only = with(public(&key));
    let both = with([secret(SECRET), public(&key)]);
    let many = |entry: &str| vec![entry; 16].join(" ");
    let (many_v1, many_v1a) = (many(&bad_v1), many(&bad_v1a));

    // The entries; the result with a secret, with a public key, with both.
    let (accepted, missing) = ("accepted", "credential_missing");
    let (mismatch, malformed) = ("credential_mismatch", "credential_malformed");
    let rows: [(&[&str], [&str; 3]); 13] = [
        (&[&v1], [accepted, missing, accepted]),
        (&[&v1a], [missing, accepted, accepted]),
        (&[&v1, &v1a], [accepted; 3]),
        (&[&v1a, &v1], [accepted; 3]),
        (&[&v1, &bad_v1a], [accepted, mismatch, accepted]),
        (&[&bad_v1, &v1a], [mismatch, accepted, accepted]),
        (&[&bad_v1, &bad_v1a], [mismatch; 3]),
        (&[&bad_v1, &bad_v1a, &v1, &v1a], [accepted; 3]),
        // An entry is of the kind that it says, whatever it encodes.
        (&[&as_v1], [malformed, missing, malformed]),
        (&[&as_v1a], [missing, malformed, malformed]),
        (&[&as_v1, &as_v1a], [malformed; 3]),
        // Entries of the other kind take no place, unless the set has keys of both.
        (&[&many_v1a, &v1], [accepted, mismatch, mismatch]),
        (&[&many_v1, &v1a], [mismatch, accepted, mismatch]),
    ];
    for (entries, expected) in rows {
        let results = [&shared_only, &public_only, &both].map(|keys| result(keys, entries));
        assert_eq!(results, expected, "{entries:?}");
    }
}

#[test]
fn a_sender_changes_from_a_secret_to_a_public_key_and_back() {
    let [(private, key), (next, next_key)] = [pair(1), pair(2)];
    let v1 = testing::standard_webhooks(ID, at(NOW), BODY, SECRET);
    let requests = [v1, signed(&private), signed(&next)];
    let verifier = with(secret(SECRET).labeled("shared").unwrap());
    let accepted_by = || {
        requests.clone().map(|request| {
            let accepted = deliver(&verifier, &request).ok()?;
            Some(accepted.delivery.label()?.to_string())
        })
    };
    let labels =
        |labels: [&str; 3]| labels.map(|label| (!label.is_empty()).then(|| label.to_owned()));
    let secrets = verifier.secrets();

    assert_eq!(accepted_by(), labels(["shared", "", ""]));
    secrets
        .add(public(&key).labeled("public").unwrap())
        .unwrap();
    assert_eq!(accepted_by(), labels(["shared", "public", ""]));
    secrets.remove(SECRET).unwrap();
    assert_eq!(accepted_by(), labels(["", "public", ""]));
    // Another public key, and the old one by its text.
    secrets
        .add(public(&next_key).labeled("next").unwrap())
        .unwrap();
    assert_eq!(accepted_by(), labels(["", "public", "next"]));
    assert!(secrets.remove_from("next", &key).is_err());
    secrets.remove(key.trim_end_matches('=')).unwrap();
    assert_eq!(accepted_by(), labels(["", "", "next"]));
    assert_eq!(
        secrets.remove(&key).unwrap_err().kind(),
        SecretsErrorKind::NotFound
    );
    assert_eq!(
        secrets.remove(&next_key).unwrap_err().kind(),
        SecretsErrorKind::Last
    );
    // Back to a secret, and the public key by its label.
    secrets.add([("shared", SECRET)]).unwrap();
    secrets.remove_label("next").unwrap();
    assert_eq!(accepted_by(), labels(["shared", "", ""]));
    secrets
        .replace(public(&key).labeled("public").unwrap())
        .unwrap();
    assert_eq!(accepted_by(), labels(["", "public", ""]));
}

#[test]
fn the_keys_of_one_tenant_are_not_tried_for_another() {
    let [(private, key), (other, other_key)] = [pair(1), pair(2)];
    let of = |secret: Secret, tenant| secret.labeled(tenant).unwrap();
    let secrets = [
        of(public(&key), "north"),
        of(public(&other_key), "south"),
        of(secret(SECRET), "west"),
    ];
    let verifier = Verifier::<StandardWebhooks>::for_tenants(secrets, |head| {
        head.path().strip_prefix("/standard/")
    });
    let verifier = verifier.unwrap().clock(|| at(NOW));
    let accepts = |mut request: TestRequest, tenant: &str| {
        request.uri = format!("/standard/{tenant}").parse().unwrap();
        deliver(&verifier, &request).is_ok()
    };
    for (private, own) in [(private, "north"), (other, "south")] {
        for tenant in ["north", "south", "west", "east", ""] {
            assert_eq!(accepts(signed(&private), tenant), tenant == own, "{tenant}");
        }
    }
    let v1 = testing::standard_webhooks(ID, at(NOW), BODY, SECRET);
    assert!(accepts(v1.clone(), "west"));
    assert!(!accepts(v1, "north"));
}

fn refusal<P: FromSecrets>(secrets: impl IntoSecrets) -> SecretsError {
    match Verifier::<P>::try_new(secrets) {
        Ok(_) => panic!("a key is accepted"),
        Err(error) => error,
    }
}

#[test]
fn a_key_that_is_malformed_or_weak_is_refused_when_the_layer_is_built() {
    let of = |bytes: &[u8]| public(&format!("whpk_{}", STANDARD.encode(bytes)));
    let form = "the secret is not a public key, `whpk_` and base64 of 32 bytes: check the value";
    let bare = PUBLISHED_KEY.trim_start_matches("whpk_");
    for malformed in [
        of(&[]),
        of(&[1; 31]),
        of(&[1; 33]),
        of(&[1; 64]),
        public(bare),
        public(&format!("{PUBLISHED_KEY}=")),
        public(&format!("whpk_{PUBLISHED_KEY}")),
        public("whpk_****"),
        public(&hex::encode([1; 32])),
    ] {
        assert_eq!(refusal::<StandardWebhooks>(malformed).to_string(), form);
    }
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    assert_eq!(
        refusal::<StandardWebhooks>([secret(SECRET), of(&off_curve)]).to_string(),
        "secret 2 is not a public key for Ed25519 (32 bytes, a point on its curve): check the value"
    );
    let weak = [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }];
    for weak in weak {
        assert_eq!(
            refusal::<StandardWebhooks>(of(&weak)).to_string(),
            "the secret is a public key that anyone can sign for: set the one that the sender shows, and report this \
             one to the sender"
        );
    }
    let verifier = with(public(PUBLISHED_KEY));
    assert!(verifier.secrets().add(of(&[0; 32])).is_err());
    assert_eq!(verifier.secrets().len(), 1);
}

#[test]
fn only_a_public_key_is_passed_as_one() {
    let (private, key) = pair(1);
    let message = |error: SecretsError| error.to_string();
    let of = |text: &str| message(Secret::public_key(text).unwrap_err());
    let private_message = "the secret is a private key of the sender (`whsk_`), which no receiver should have: set the \
                           signing secret, and have that key replaced";
    assert_eq!(of(&private), private_message);
    assert_eq!(message(Secret::new(private).unwrap_err()), private_message);
    assert_eq!(of(""), "the secret is empty: set a value");
    assert_eq!(
        of(&format!("'{key}'")),
        "the secret is wrapped in quotes: remove them"
    );
    for shared in [SECRET, "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
        assert_eq!(
            of(shared),
            "the secret is a shared secret (`whsec_`): set the public key, `whpk_…`, or pass the secret with \
             `Secret::new`"
        );
    }
    assert_eq!(
        message(refusal::<StandardWebhooks>(key.as_str())),
        "the secret is a public key (`whpk_`): set the signing secret, which the sender shares with this endpoint, or \
         pass the key with `Secret::public_key` (feature `ed25519`)"
    );
}

#[test]
fn a_sender_without_public_keys_refuses_them() {
    let key = || public(PUBLISHED_KEY);
    for error in [
        refusal::<TusFacturas>(key()),
        refusal::<Multicaja>(key()),
        refusal::<MercadoPago>(key()),
        refusal::<Stripe>(key()),
        refusal::<Github>(key()),
    ] {
        assert_eq!(
            error.to_string(),
            "the secret is a public key, and this sender has none: set the secret that it shares with this endpoint, \
             with `Secret::new`"
        );
    }
    let verifier = Verifier::<Github>::try_new("s3cr3t").unwrap();
    assert!(verifier.secrets().add(key()).is_err());
    assert!(verifier.secrets().remove(PUBLISHED_KEY).is_err());
}

/// Anyone who knows the public key could sign with such a secret.
#[test]
fn a_secret_that_is_the_public_key_is_refused_beside_it() {
    let bare = PUBLISHED_KEY.trim_start_matches("whpk_");
    for (one, other) in [
        (public(PUBLISHED_KEY), secret(bare)),
        (secret(bare), public(PUBLISHED_KEY)),
        (
            public(PUBLISHED_KEY),
            public(PUBLISHED_KEY.trim_end_matches('=')),
        ),
    ] {
        let error = refusal::<StandardWebhooks>([one, other]);
        assert_eq!(error.kind(), SecretsErrorKind::Repeated);
    }
}

#[test]
fn keys_are_limited_and_not_shown() {
    let keys: Vec<_> = (0..17).map(pair).collect();
    let publics = |count| keys.iter().take(count).map(|(_, key)| public(key));
    let verifier = with(publics(16).collect::<Vec<_>>());
    for (private, _) in &keys[..16] {
        assert!(deliver(&verifier, &signed(private)).is_ok());
    }
    assert!(deliver(&verifier, &signed(&keys[16].0)).is_err());
    assert_eq!(
        refusal::<StandardWebhooks>(publics(17).collect::<Vec<_>>()).kind(),
        SecretsErrorKind::TooMany { limit: 16 }
    );
    let shown = format!(
        "{verifier:?} {:?} {:?}",
        verifier.provider(),
        public(PUBLISHED_KEY)
    );
    assert!(!shown.contains("whpk_"), "{shown}");
}
