//! What the compiler says to who uses the crates wrongly: every program of `messages/` must not compile, with the errors
//! and the texts that it names in its first lines.
//!
//! Only the texts are compared that are ours, or that name our types. All around them, the compiler's own words and
//! drawings, changes with its version, which files with the whole of the output, such as trybuild's, would turn into a
//! failure each six weeks. The codes are compared as well, and no other error may occur, so a program that fails for
//! another reason does not pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

#[derive(Debug, Default)]
struct Said {
    codes: BTreeSet<String>,
    errors: usize,
    text: String,
}

#[test]
fn misuse_is_refused_by_the_compiler_in_words_that_help() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let programs = programs(&root.join("tests/tests/messages"));
    assert_eq!(programs.len(), 13);
    let said = check(root, &programs);
    for (name, path) in &programs {
        let program = fs::read_to_string(path).unwrap();
        let expected = |field: &'static str| {
            program
                .lines()
                .filter_map(move |line| line.strip_prefix("//! ")?.strip_prefix(field))
        };
        let Said {
            codes,
            errors: count,
            text,
        } = said
            .get(name)
            .unwrap_or_else(|| panic!("{name} compiles, or was not checked"));
        let errors: BTreeSet<_> = expected("error: ").map(str::to_owned).collect();
        assert_eq!(codes, &errors, "{name}:\n{text}");
        // One for each call, where a program makes several.
        for times in expected("times: ") {
            assert_eq!(Ok(*count), times.parse(), "{name}:\n{text}");
        }
        assert_ne!(expected("message: ").count(), 0, "{name} expects nothing");
        for message in expected("message: ") {
            assert!(text.contains(message), "{name}: no `{message}` in\n{text}");
        }
    }
}

fn programs(directory: &Path) -> BTreeMap<String, PathBuf> {
    let programs = fs::read_dir(directory).unwrap();
    programs
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, path)
        })
        .collect()
}

/// One package with all programs, checked with the locked versions in the target directory of this build, which has most of
/// what it needs.
fn check(root: &Path, programs: &BTreeMap<String, PathBuf>) -> BTreeMap<String, Said> {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let package = temporary.join("messages");
    fs::create_dir_all(&package).unwrap();
    let mut manifest = String::from(
        r#"
        [workspace]
        [package]
        name = "webhook-messages"
        version = "0.0.0"
        edition = "2024"
        [dependencies]
        axum = { version = "0.8.4", default-features = false, features = ["http1", "tokio"] }
        "#,
    );
    for dependency in [
        "webhook-actix",
        "webhook-axum",
        "webhook-core",
        "webhook-tower",
    ] {
        let path = root.join(dependency);
        let features = match dependency {
            "webhook-core" => "[]",
            _ => r#"["inbox", "once"]"#,
        };
        writeln!(
            manifest,
            "{dependency} = {{ path = {path:?}, features = {features} }}"
        )
        .unwrap();
    }
    for (name, path) in programs {
        writeln!(manifest, "[[bin]]\nname = {name:?}\npath = {path:?}").unwrap();
    }
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();

    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["check", "--quiet", "--bins", "--keep-going"])
        .args(["--message-format", "json", "--target-dir"])
        .arg(temporary.parent().unwrap())
        .current_dir(&package)
        .output()
        .unwrap();
    let mut said = BTreeMap::<String, Said>::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let message = &line["message"];
        let Some(target) = line["target"]["name"].as_str() else {
            continue;
        };
        if message["level"] != "error" || !programs.contains_key(target) {
            continue;
        }
        let said = said.entry(target.to_owned()).or_default();
        if let Some(code) = message["code"]["code"].as_str() {
            said.codes.insert(code.to_owned());
            said.errors += 1;
        } else if !message["message"].as_str().unwrap().starts_with("aborting") {
            said.codes.insert("without a code".to_owned());
        }
        said.text += message["rendered"].as_str().unwrap();
    }
    assert!(
        !said.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}
