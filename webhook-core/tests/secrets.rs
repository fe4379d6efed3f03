//! Secrets: which are refused, and how they change while the server runs.

use http::{HeaderMap, HeaderValue};
use webhook_core::driver::Verifier;
use webhook_core::multicaja::Multicaja;
use webhook_core::secrets::BearerTokens;
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{FromSecrets, Head, IntoSecrets, Keyring, Rejection, Secret, SecretsErrorKind};

fn admits(verifier: &Verifier<TusFacturas>, token: &str) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert("tf-webhooktoken", HeaderValue::from_str(token).unwrap());
    match verifier.begin(&Head::new("POST", "/", None, &headers)) {
        Ok(_) => true,
        Err(refused) => {
            assert_eq!(refused.rejection, Some(Rejection::CredentialMismatch));
            false
        }
    }
}

fn refusal(secrets: impl IntoSecrets) -> SecretsErrorKind {
    Verifier::<TusFacturas>::try_new(secrets)
        .unwrap_err()
        .kind()
}

#[test]
fn a_useless_secret_never_yields_a_verifier() {
    use SecretsErrorKind as Kind;
    assert_eq!(refusal(""), Kind::Empty);
    assert_eq!(refusal("  "), Kind::Blank);
    assert_eq!(refusal("\u{2003}"), Kind::Blank);
    assert_eq!(refusal("tok\n"), Kind::SurroundedByWhiteSpace);
    assert_eq!(refusal(" tok"), Kind::SurroundedByWhiteSpace);
    assert_eq!(refusal(Vec::<String>::new()), Kind::NoSecret);
    assert_eq!(refusal(["a", ""]), Kind::Empty);
    assert_eq!(refusal(["a", "b", "a"]), Kind::Repeated);
    assert_eq!(refusal("to\nken"), Kind::ControlCharacters);
    assert_eq!(refusal("x".repeat(4097)), Kind::TooLong { limit: 4096 });
    assert_eq!(refusal([("", "a")]), Kind::BadLabel);
    assert_eq!(refusal([("pdv 1", "a")]), Kind::BadLabel);
    assert!(Verifier::<TusFacturas>::try_new("x".repeat(4096)).is_ok());

    let error = Verifier::<TusFacturas>::try_new(["a", "b", "a"]).unwrap_err();
    assert_eq!(error.index(), Some(2));
    assert_eq!(
        error.to_string(),
        "secret 3 is a duplicate: remove one of the two"
    );

    let keys = |count| {
        (0..count)
            .map(|key| format!("key {key}"))
            .collect::<Vec<_>>()
    };
    assert!(Verifier::<Multicaja>::try_new(keys(16)).is_ok());
    assert_eq!(
        Verifier::<Multicaja>::try_new(keys(17)).unwrap_err().kind(),
        Kind::TooMany { limit: 16 }
    );
}

#[test]
fn a_change_reaches_every_clone_and_is_all_or_nothing() {
    let verifier = Verifier::<TusFacturas>::try_new([("a", "one"), ("b", "two")]).unwrap();
    let clone = verifier.clone();
    let secrets = verifier.secrets();

    secrets.add("three").unwrap();
    assert!(admits(&clone, "three"));

    assert!(secrets.add(["four", "three"]).is_err());
    assert!(
        !admits(&clone, "four"),
        "no part of a refused change is kept"
    );
    assert!(secrets.replace(["five", " "]).is_err());
    assert!(admits(&clone, "one") && !admits(&clone, "five"));
    assert!(secrets.replace(Vec::<String>::new()).is_err());

    secrets.remove("one").unwrap();
    assert!(!admits(&clone, "one"));
    assert_eq!(
        secrets.remove("one").unwrap_err().kind(),
        SecretsErrorKind::NotFound
    );
    secrets.remove_label("b").unwrap();
    assert!(!admits(&clone, "two"));
    assert_eq!(
        secrets.remove("three").unwrap_err().kind(),
        SecretsErrorKind::Last
    );
    assert!(admits(&clone, "three"), "the last one stays");

    secrets.replace([("c", "six"), ("c", "seven")]).unwrap();
    assert_eq!(secrets.len(), 2);
    assert!(secrets.labels().iter().flatten().all(|label| label == "c"));
    assert!(!admits(&clone, "three"));
}

#[test]
fn nothing_shown_holds_a_secret() {
    let secret = Secret::new("s3cr3t-value")
        .unwrap()
        .labeled("pdv-1")
        .unwrap();
    let secrets = secret.clone().into_secrets().unwrap();
    let headers = HeaderMap::new();
    let head = Head::new("POST", "/", None, &headers);
    let keyring = Keyring::<BearerTokens>::new(secrets.clone()).unwrap();
    let keys = Keyring::<<Multicaja as FromSecrets>::Store>::new(secrets.clone()).unwrap();
    let verifier = Verifier::<TusFacturas>::try_new(secrets.clone()).unwrap();
    for shown in [
        format!("{secret:?}"),
        format!("{secrets:?}"),
        format!("{keyring:?}"),
        format!("{:?}", keyring.select(&head)),
        format!("{keys:?}"),
        format!("{:?}", keys.select(&head)),
        format!("{verifier:?}"),
        format!("{:?}", verifier.provider()),
        format!(
            "{:?}",
            Keyring::<BearerTokens>::new(["s3cr3t-value", "s3cr3t-value"]).unwrap_err()
        ),
    ] {
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}
