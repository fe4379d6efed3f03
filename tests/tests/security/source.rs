//! The crates' own source, as tokens.

use std::fs;
use std::path::{Path, PathBuf};

/// The root folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The crates that are published.
pub(crate) const CRATES: [&str; 6] = [
    "webhook-core",
    "webhook-tower",
    "webhook-axum",
    "webhook-actix",
    "webhook-stores",
    "webhook-cli",
];

/// Every Rust file in a folder, by its path in the repository.
pub(crate) fn rust_files(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                files.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// The tokens of a file without comments, literals and unit tests: names, numbers, and signs, with `==` and `!=` as
/// one.
pub(crate) fn tokens(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = text(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let end = |char: char| !char.is_alphanumeric() && char != '_';
            let length = rest.find(end).unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("==") || rest.starts_with("!=") {
            tokens.push(rest[..2].to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the string or character literal that a text begins with.
fn text(rest: &str) -> Option<usize> {
    for prefix in ["", "b", "c"] {
        let Some(literal) = rest.strip_prefix(prefix) else {
            continue;
        };
        if let Some(raw) = literal.strip_prefix('r') {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            if let Some(body) = raw[hashes..].strip_prefix('"') {
                let end = format!("\"{}", "#".repeat(hashes));
                let length = body.find(&end)? + end.len();
                return Some(rest.len() - body.len() + length);
            }
        }
        let quote = literal.chars().next().filter(|char| "\"'".contains(*char));
        let Some(quote) = quote else { continue };
        let body = &literal[1..];
        let mut chars = body.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '\\' => {
                    chars.next();
                }
                _ if char == quote => {
                    return Some(rest.len() - body.len() + at + 1);
                }
                // A lifetime, not a character.
                _ if quote == '\'' && at > 0 && !body.starts_with('\\') => break,
                _ => {}
            }
        }
    }
    None
}

/// The last `fn` before each token.
pub(crate) fn functions(tokens: &[String]) -> Vec<&str> {
    let mut function = "";
    let mut functions = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token == "fn" && tokens.get(at + 1).is_some_and(|name| name != "(") {
            function = &tokens[at + 1];
        }
        functions.push(function);
    }
    functions
}

#[test]
fn only_code_becomes_tokens() {
    let source = r##"
        // a == b
        /* c == d */
        fn f<'a>(x: &'a str) -> bool { x == "e == \" f" && b'\'' != r#"g " == h"# as u8 && 'i' == '\u{6a}' }
        #[cfg(test)]
mod tests { k == l }
    "##;
    let tokens = tokens(source);
    let kept: Vec<_> = tokens.iter().map(String::as_str).collect();
    assert_eq!(kept.concat(), "fnf<'a>(x:&'astr)->bool{x==&&!=asu8&&==}");
    assert_eq!(functions(&tokens).last(), Some(&"f"));
}
