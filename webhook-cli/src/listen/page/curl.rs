use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::store::Kept;

/// Headers that curl sets by itself, or that are about the body as it was sent.
const BY_CURL: [&str; 3] = ["content-length", "transfer-encoding", "content-encoding"];

/// The request as a command to paste, without its credential.
pub(super) fn command(origin: &str, kept: &Kept) -> String {
    let summary = &kept.summary;
    // Shells that take no comments at the prompt must find nothing to carry out in it.
    let mut comment = format!(
        "# The credential is left out, webhook-rs send {} makes one",
        word(&summary.sender)
    );
    if !kept.rest.masked.is_empty() {
        comment += ", and what was masked is not in the body";
    }
    let url = quoted(&format!("{origin}{}", summary.path));
    let mut command = format!("curl -g -X {} {url}", quoted(&summary.method));
    let headers = kept.rest.headers.iter();
    for (name, value) in headers.filter(|(name, _)| !BY_CURL.contains(&name.as_str())) {
        let header = match value.is_empty() {
            true => format!("{name};"),
            false => format!("{name}: {value}"),
        };
        command += &format!(" -H {}", quoted(&header));
    }
    match kept.body.as_deref() {
        None => format!("{comment}, nor is the body kept\n{command}"),
        Some([]) => format!("{comment}\n{command}"),
        Some(body) => match std::str::from_utf8(body) {
            Ok(text) if is_plain(text) => {
                format!("{comment}\n{command} --data-binary {}", at_safe(text))
            }
            _ => format!(
                "{comment}\nprintf %s '{}' | base64 -d | {command} --data-binary @-",
                STANDARD.encode(body)
            ),
        },
    }
}

/// In quotes of a shell, within which nothing but their end has a meaning.
fn quoted(text: &str) -> String {
    format!("'{}'", printable(text).replace('\'', "'\\''"))
}

/// The same for a body. `--data-binary` would read a file that is named after an `@`.
fn at_safe(text: &str) -> String {
    let quoted = format!("'{}'", text.replace('\'', "'\\''"));
    match text.starts_with('@') {
        true => format!("'' --data-raw {quoted}"),
        false => quoted,
    }
}

/// Whether a terminal into which the text is pasted takes it as text: a control character could end the pasting.
fn is_plain(text: &str) -> bool {
    !text
        .chars()
        .any(|character| character.is_control() && !matches!(character, '\n' | '\t'))
}

fn printable(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .collect()
}

/// A name as it can be in a comment.
fn word(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_'))
        .collect()
}
