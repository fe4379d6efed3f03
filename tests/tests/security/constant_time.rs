//! Secrets are compared only in the places that `SECURITY.md` lists.
//!
//! This sees only names: it misses a comparison of bytes with a different name in a type that has none of the fields
//! below, so a reviewer is still needed.

use std::collections::BTreeSet;
use std::fs;

use crate::source::{CRATES, functions, root, rust_files, tokens};

/// The fields of types that carry a credential or a secret.
const KINDS: [&str; 9] = [
    // The key of a `StandardKey`.
    "Algorithm",
    "Zeroizing",
    "Hmac",
    "HmacSha256",
    "Signature",
    "Signatures",
    "SignedContent",
    "Fingerprint",
    "Secret",
];

/// The names of such values.
const NAMES: [&str; 12] = [
    "apikey",
    "candidate",
    "credential",
    "digest",
    "expected",
    "fingerprint",
    "hmac",
    "mac",
    "secret",
    "signature",
    "signatures",
    "token",
];

type Place = (String, String);

/// The rows "| `file` | `function` | …" of `SECURITY.md`.
fn listed() -> BTreeSet<Place> {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let code = |cell: &str| {
        cell.trim()
            .strip_prefix('`')?
            .strip_suffix('`')
            .map(str::to_owned)
    };
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|');
            let file = code(cells.next()?)?;
            file.ends_with(".rs").then_some(())?;
            Some((file, code(cells.next()?)?))
        })
        .collect()
}

fn sources() -> Vec<(String, Vec<String>)> {
    // The command has secrets of its own to find, in order to mask them: it answers strangers before it looks.
    let crates = CRATES.iter().filter(|name| **name != "webhook-cli");
    crates
        .flat_map(|name| rust_files(&format!("{name}/src")))
        .map(|(name, source)| (name, tokens(&source)))
        .collect()
}

#[test]
fn every_comparison_of_a_secret_is_listed_and_runs_in_constant_time() {
    let constant_time = [
        "ct_eq",
        "ct_ne",
        "ct_gt",
        "ct_lt",
        "verify_slice",
        "verify",
        "verify_truncated_left",
    ];
    let mut compared = BTreeSet::new();
    let mut by_operator = BTreeSet::new();
    for (file, tokens) in sources() {
        // The functions that sign for tests compare nothing secret that is stored.
        for (at, function) in functions(&tokens).into_iter().enumerate() {
            let place = || (file.clone(), function.to_owned());
            let token = tokens[at].as_str();
            let called = tokens.get(at + 1).is_some_and(|next| next == "(");
            if constant_time.contains(&token) && called {
                compared.insert(place());
            }
            let compares = ["==", "!="].contains(&token)
                || ([
                    "eq",
                    "ne",
                    "cmp",
                    "partial_cmp",
                    "contains",
                    "starts_with",
                    "ends_with",
                ]
                .contains(&token)
                    && called
                    && tokens[at - 1] == ".");
            if compares
                && operands(&tokens, at).any(|name| NAMES.contains(&name.to_lowercase().as_str()))
            {
                by_operator.insert(place());
            }
        }
    }
    // Only `Fingerprint` compares itself in constant time with any operator.
    let by_fingerprint = ["insert_prepared", "remove_decoded"].map(|function| {
        (
            "webhook-core/src/secrets/signing_keys.rs".to_owned(),
            function.to_owned(),
        )
    });
    assert_eq!(by_operator, BTreeSet::from(by_fingerprint.clone()));
    compared.extend(by_fingerprint);
    assert_eq!(
        compared,
        listed(),
        "found in the source, and listed in SECURITY.md"
    );
}

/// The names on both sides of an operator, as far as the expression goes.
fn operands(tokens: &[String], at: usize) -> impl Iterator<Item = &str> {
    let ends = |token: &&String| {
        ["{", "}", ";", ",", "|", "&", "=", "if", "let", "return"].contains(&token.as_str())
    };
    let before = tokens[..at]
        .iter()
        .rev()
        .take_while(move |token| !ends(token));
    let after = tokens[at + 1..].iter().skip_while(|token| *token == "&");
    before
        .chain(after.take_while(move |token| !ends(token)))
        .map(String::as_str)
}

#[test]
fn no_type_that_holds_a_secret_derives_a_comparison() {
    let comparisons = ["PartialEq", "Eq", "PartialOrd", "Ord", "Hash"];
    let mut seen = BTreeSet::new();
    for (file, tokens) in sources() {
        let mut derived: Vec<&str> = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            match tokens[at].as_str() {
                "derive" => {
                    let list = tokens[at..].iter().take_while(|token| *token != "]");
                    derived.extend(list.map(String::as_str));
                }
                "struct" | "enum" if tokens[at + 1] != "$" => {
                    let name = &tokens[at + 1];
                    let body = definition(&tokens[at + 2..]);
                    if body.iter().any(|token| KINDS.contains(&token.as_str())) {
                        seen.insert(name.clone());
                        let found = derived.iter().find(|name| comparisons.contains(name));
                        assert_eq!(found, None, "{file}: {name}");
                    }
                    derived.clear();
                    at += body.len();
                }
                "fn" | "impl" | "trait" | "mod" | "use" | "const" => derived.clear(),
                _ => {}
            }
            at += 1;
        }
    }
    // If these are not found, nothing was searched.
    for name in [
        "Secret",
        "ApiKey",
        "CardToken",
        "HmacSha256",
        "StandardKey",
        "Signatures",
        "SignedHead",
        "Entry",
    ] {
        assert!(seen.contains(name), "{name}: {seen:?}");
    }
}

/// The rest of a type's definition after its name.
fn definition(tokens: &[String]) -> &[String] {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            ";" if depth == 0 => return &tokens[..at],
            _ => {}
        }
        if depth == 0 && token == "}" {
            return &tokens[..=at];
        }
    }
    tokens
}
