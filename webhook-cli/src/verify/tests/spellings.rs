//! Secrets that are spelled in another way than their sender's.

use webhook_core::Secret;

use super::{at, diagnosis, finding, is_authentic};
use crate::senders::{Draft, Ids, Senders};

/// How a secret is spelled where it was signed with, and where it is configured.
#[test]
fn another_spelling_of_the_secret_is_named() {
    let senders = Senders::load(None).unwrap();
    for (name, signs, configured, how) in [
        ("github", "abc", "whsec_abc", "without `whsec_`"),
        ("github", "whsec_abc", "abc", "preceded by `whsec_`"),
        ("github", "ab12", "AB12", "lower case"),
        ("github", "AB12", "ab12", "upper case"),
        ("github", "secret", "c2VjcmV0", "decoded from base64"),
        ("github", "c2VjcmV0", "secret", "encoded in base64"),
        ("github", "secret", "736563726574", "decoded from hex"),
        ("klap", "SKSJKFH84", "sksjkfh84", "upper case"),
        ("shopify", "shpss_ab12", "ab12", "preceded by `shpss_`"),
        ("linear", "lin_wh_abc", "abc", "preceded by `lin_wh_`"),
        (
            "wompi",
            "prod_events_abc",
            "abc",
            "preceded by `prod_events_`",
        ),
        (
            "wompi",
            "test_events_abc",
            "abc",
            "preceded by `test_events_`",
        ),
        ("fintoc", "whsec_ABC", "whsec_abc", "upper case"),
        ("github", "b2", "a1|b2", "split at `|`, number 2"),
        ("woocommerce", "a&b", "a&amp;b", "entities"),
        ("gitlab", "ab12", "AB12", "lower case"),
        (
            "standard-webhooks",
            "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            "3031323334353637383961626364656630313233343536373839616263646566",
            "hex",
        ),
    ] {
        let sender = senders.find(name).unwrap();
        let draft = Draft::new(
            sender.sample(None).unwrap(),
            &Ids::random("t-").unwrap(),
            at(),
        );
        let signs = Secret::new(signs).unwrap();
        let request = sender.sign(&draft.unwrap(), at(), Some(&signs)).unwrap();
        let configured = [Secret::new(configured).unwrap()];
        let finding = finding(sender, &request, &configured);
        let diagnosis = diagnosis(&finding).unwrap_or_else(|| panic!("{name}: {how}: {finding:?}"));
        assert_eq!(diagnosis.causes, ["secret_spelling"], "{name}");
        assert!(
            diagnosis.undone.contains(how),
            "{how}: {}",
            diagnosis.undone
        );
    }
}

/// How a variable is read that has one secret, and what is said of it.
#[test]
fn a_secret_that_was_taken_apart_is_named_and_no_header() {
    let senders = Senders::load(None).unwrap();
    let unlabeled = |text: &str| Secret::new(text).unwrap();
    let labeled = |label: &str, text: &str| unlabeled(text).labeled(label).unwrap();
    for (name, signs, configured, how) in [
        (
            "tusfacturas",
            "tok,with",
            vec![unlabeled("tok"), unlabeled("with")],
            "the secrets as one",
        ),
        (
            "gitlab",
            "ab,cd",
            vec![unlabeled("old"), unlabeled("ab"), unlabeled("cd")],
            "secrets 2 to 3 as one",
        ),
        (
            "gitlab",
            "x=a,b",
            vec![labeled("x", "a"), unlabeled("b")],
            "the secrets as one",
        ),
        (
            "gitlab",
            "x=a",
            vec![labeled("x", "a")],
            "preceded by its label",
        ),
    ] {
        let sender = senders.find(name).unwrap();
        let draft = Draft::new(
            sender.sample(None).unwrap(),
            &Ids::random("t-").unwrap(),
            at(),
        );
        let signs = Secret::new(signs).unwrap();
        let request = sender.sign(&draft.unwrap(), at(), Some(&signs)).unwrap();
        let found = finding(sender, &request, &configured);
        let diagnosis = diagnosis(&found).unwrap_or_else(|| panic!("{name}: {how}: {found:?}"));
        assert_eq!(diagnosis.causes, ["secret_spelling"], "{name}");
        assert!(
            diagnosis.undone.contains(how),
            "{how}: {}",
            diagnosis.undone
        );
    }
}

#[test]
fn the_secrets_of_a_rotation_that_are_joined_with_a_bar_are_told_apart() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("standard-webhooks").unwrap();
    let one = "v1,whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=";
    let other = "v1,whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let draft = Draft::new(
        sender.sample(None).unwrap(),
        &Ids::random("t-").unwrap(),
        at(),
    );
    let draft = draft.unwrap();
    // As a file has them, and as a variable is split.
    let split: [Vec<String>; 2] = [
        vec![format!("{one}|{other}")],
        vec![format!("{one}|v1"), other.replace("v1,", "")],
    ];
    for configured in split {
        let secrets: Vec<_> = configured
            .iter()
            .map(|it| Secret::new(&**it).unwrap())
            .collect();
        for signs in [one, other] {
            let signs = Secret::new(signs).unwrap();
            let request = sender.sign(&draft, at(), Some(&signs)).unwrap();
            let found = finding(sender, &request, &secrets);
            let is_known = configured.len() == 2 && signs.expose() == other;
            if is_known {
                assert!(is_authentic(&found), "{found:?}");
                continue;
            }
            let diagnosis = diagnosis(&found).unwrap();
            assert!(
                diagnosis.undone.contains("split at `|`"),
                "{}",
                diagnosis.undone
            );
        }
    }
}
