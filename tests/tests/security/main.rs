//! Checks `SECURITY.md` against the repository.

mod constant_time;
mod source;

use std::collections::BTreeSet;
use std::fs;

use source::{CRATES, root, rust_files};

/// The functions under `#[test]` and similar attributes, by name.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in CRATES.iter().chain(&["examples", "tests"]) {
        for part in ["src", "tests"] {
            let folder = format!("{folder}/{part}");
            // The tests of these two are in `tests`.
            if ["examples/tests", "webhook-cli/tests"].contains(&&*folder) {
                continue;
            }
            for (_, source) in rust_files(&folder) {
                // Not `tokens`, which leaves out unit tests.
                let mut is_test = false;
                for line in source.lines().map(str::trim) {
                    is_test |=
                        line.starts_with("#[") && line.contains("test") && line.ends_with(']');
                    let declared = line
                        .split_once("fn ")
                        .filter(|(before, _)| before.is_empty() || *before == "async ");
                    if let Some((_, name)) = declared {
                        if is_test {
                            names.insert(name.split(['(', '<']).next().unwrap().to_owned());
                        }
                        is_test = false;
                    }
                }
            }
        }
    }
    names
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let named: BTreeSet<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        // A name is a sentence: no other code there has this many words.
        .filter(|code| code.matches('_').count() >= 4 && !code.contains(['/', '.', ' ']))
        .collect();
    assert!(named.len() >= 30, "{}", named.len());
    let tests = tests();
    let missing: Vec<_> = named
        .iter()
        .filter(|name| !tests.contains(**name))
        .collect();
    assert_eq!(missing, [&""; 0]);
}

#[test]
fn every_crate_forbids_unsafe_code() {
    let manifest =
        |folder: &str| fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    assert!(manifest("").contains("[workspace.lints.rust]\nunsafe_code = \"forbid\"\n"));
    for folder in CRATES.iter().chain(&["examples", "tests"]) {
        // The lint covers tests, benches and binaries; the library's attribute does not.
        assert!(
            manifest(folder).contains("[lints]\nworkspace = true\n"),
            "{folder}"
        );
        let library = fs::read_to_string(root().join(folder).join("src/lib.rs")).unwrap();
        assert!(library.contains("#![forbid(unsafe_code)]"), "{folder}");
    }
}

#[test]
fn every_crate_that_zeroes_is_asked_to() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for name in ["sha2", "hmac"] {
        let line = manifest
            .lines()
            .find(|line| line.starts_with(&format!("{name} = ")));
        assert!(
            line.unwrap().contains(r#"features = ["zeroize"]"#),
            "{name}"
        );
    }
}
