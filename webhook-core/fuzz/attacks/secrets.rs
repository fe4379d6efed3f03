//! Secrets set and changed in any order, compared with a list that keeps them in plain text.

use arbitrary::{Arbitrary, Unstructured};
use http::{HeaderMap, HeaderValue};
use webhook_core::driver::Verifier;
use webhook_core::multicaja::Multicaja;
use webhook_core::secrets::{BearerTokens, PlainStore};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{FromSecrets, Head, Keyring, Secret, SecretsError};

use super::Outcome;

#[derive(Debug, Arbitrary)]
enum Change<'a> {
    Replace(Vec<Given<'a>>),
    Add(Vec<Given<'a>>),
    Remove(&'a str),
    RemoveLabel(&'a str),
}

#[derive(Clone, Debug, Arbitrary)]
struct Given<'a> {
    label: Option<&'a str>,
    value: &'a str,
}

/// A set in plain text: what the crate must never show.
type Model = Vec<(Option<String>, String)>;

pub fn change(input: &[u8]) -> Outcome {
    let mut input = Unstructured::new(input);
    let Ok(first) = Vec::<Given<'_>>::arbitrary(&mut input) else {
        return Outcome::Refused;
    };
    let changes = Vec::<Change<'_>>::arbitrary_take_rest(input).unwrap_or_default();
    let tokens = follow(&first, &changes, usize::MAX, assert_admits);
    let keys = follow::<<Multicaja as FromSecrets>::Store>(&first, &changes, 16, |_, _| {});
    match tokens || keys {
        true => Outcome::Accepted,
        false => Outcome::Refused,
    }
}

fn follow<S: PlainStore>(
    first: &[Given<'_>],
    changes: &[Change<'_>],
    limit: usize,
    check: fn(&Keyring<S>, &Model),
) -> bool {
    let bearer = limit == usize::MAX;
    let mut model = Model::new();
    let kept = extend(&mut model, first, limit, bearer);
    let keyring = match collect(first).and_then(Keyring::<S>::new) {
        Ok(keyring) => keyring,
        Err(error) => {
            assert!(!kept, "{error}");
            assert_silent(first.iter(), &format!("{error:?} {error}"));
            return false;
        }
    };
    assert!(kept, "a useless secret was accepted: {first:?}");
    for change in changes.iter().take(32) {
        let mut changed = match change {
            Change::Replace(_) => Model::new(),
            _ => model.clone(),
        };
        let (expected, done) = match change {
            Change::Replace(given) => (
                extend(&mut changed, given, limit, bearer),
                collect(given).and_then(|given| keyring.replace(given)),
            ),
            Change::Add(given) => (
                extend(&mut changed, given, limit, bearer),
                collect(given).and_then(|given| keyring.add(given)),
            ),
            Change::Remove(secret) => {
                changed.retain(|(_, value)| value != secret);
                let fits = !changed.is_empty() && changed.len() < model.len();
                (fits, keyring.remove(secret))
            }
            Change::RemoveLabel(wanted) => {
                changed.retain(|(label, _)| label.as_deref() != Some(wanted));
                let fits = !changed.is_empty() && changed.len() < model.len();
                (fits, keyring.remove_label(wanted))
            }
        };
        assert_eq!(done.is_ok(), expected, "{change:?} of {model:?}: {done:?}");
        if expected {
            model = changed;
        }
        let mut labels: Vec<_> = keyring
            .labels()
            .iter()
            .map(|label| label.as_ref().map(|label| label.to_string()))
            .collect();
        let mut expected: Vec<_> = model.iter().map(|(label, _)| label.clone()).collect();
        labels.sort();
        expected.sort();
        assert_eq!(labels, expected);
        check(&keyring, &model);
    }
    true
}

fn collect(given: &[Given<'_>]) -> Result<Vec<Secret>, SecretsError> {
    given
        .iter()
        .map(|given| match given.label {
            Some(label) => Secret::new(given.value)?.labeled(label),
            None => Secret::new(given.value),
        })
        .collect()
}

/// Adds these secrets, all or nothing.
fn extend(model: &mut Model, given: &[Given<'_>], limit: usize, bearer: bool) -> bool {
    let before = model.clone();
    for Given { label, value } in given {
        let is_label = |label: &str| {
            let allowed = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
            !label.is_empty() && label.len() <= 64 && label.chars().all(allowed)
        };
        let in_quotes =
            |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
        let useless = value.is_empty()
            || value.trim() != *value
            || value.starts_with('\u{feff}')
            || value.ends_with('\u{feff}')
            || in_quotes('"')
            || in_quotes('\'')
            || value.starts_with("whpk_")
            || value.starts_with("whsk_")
            || label.is_some_and(|label| !is_label(label))
            || bearer
                && (value.len() > 4096 || value.bytes().any(|byte| byte < b' ' || byte == 127))
            || model.iter().any(|(_, other)| other == value)
            || model.len() == limit;
        if useless {
            *model = before;
            return false;
        }
        model.push((label.map(str::to_owned), (*value).to_owned()));
    }
    !given.is_empty()
}

/// Asserts that each token in the set is accepted, with its label, and any other is not.
fn assert_admits(keyring: &Keyring<BearerTokens>, model: &Model) {
    let verifier = Verifier::new(TusFacturas::from_keyring(keyring.clone()));
    let deliver = |token: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(
            "tf-webhooktoken",
            HeaderValue::from_bytes(token.as_bytes()).ok()?,
        );
        let pending = verifier
            .begin(&Head::new("POST", "/", None, &headers))
            .ok()?;
        let accepted = pending.finish(r#"{"evento":"test"}"#.into()).ok()?;
        Some(accepted.delivery.label().map(|label| label.to_string()))
    };
    for (label, token) in model {
        assert_eq!(deliver(token).as_ref(), Some(label));
        let longer = format!("{token}x");
        assert_eq!(
            deliver(&longer).is_some(),
            model.iter().any(|(_, other)| *other == longer)
        );
    }
}

/// Asserts that a message contains no value of more than a few characters: shorter ones are parts of words.
fn assert_silent<'a>(given: impl Iterator<Item = &'a Given<'a>>, shown: &str) {
    for Given { value, .. } in given {
        let telling = value.len() > 12
            && value
                .bytes()
                .any(|byte| !byte.is_ascii_lowercase() && byte != b' ');
        assert!(!telling || !shown.contains(value), "{shown}");
    }
}
