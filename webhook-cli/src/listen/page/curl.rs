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
            // Not `--data`, which would read a file that is named after an `@`.
            Ok(text) if is_plain(text) => {
                let body = text.replace('\'', "'\\''");
                format!("{comment}\n{command} --data-raw '{body}'")
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::super::entry::{Rest, Summary, Told};
    use super::*;

    fn kept(path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Kept {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Kept {
            summary: Summary {
                id: 1,
                at: String::new(),
                sender: "stripe".to_owned(),
                verdict: "authentic",
                reason: None,
                kind: None,
                delivery_id: None,
                method: "POST".to_owned(),
                path: path.to_owned(),
                bytes: 0,
                status: None,
                received: None,
                took_ms: None,
            },
            rest: Rest {
                headers: headers.collect(),
                ..Rest::default()
            },
            told: Told::default(),
            body: body.map(<[u8]>::to_vec),
        }
    }

    /// What curl would be started with, by a shell in which it only prints that.
    fn arguments(command: &str) -> Vec<String> {
        let script = format!("curl() {{ cat >/dev/null; printf '%s\\0' \"$@\"; }}\n{command}");
        let output = Command::new("sh")
            .args(["-c", &script])
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.stderr, b"", "{command}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let arguments = printed.strip_suffix('\0').unwrap_or(&printed).split('\0');
        arguments.map(str::to_owned).collect()
    }

    #[test]
    fn nothing_in_a_request_is_carried_out_by_a_shell() {
        let hostile = "'; touch /tmp/x; $(id) `id` \\ \" !! &\n# %";
        let kept = kept(
            "/stripe/'$(id)'",
            &[
                ("user-agent", hostile),
                ("x-empty", ""),
                ("content-length", "9"),
            ],
            Some(hostile.as_bytes()),
        );
        let arguments = arguments(&command("http://127.0.0.1:4000", &kept));
        let header = format!("user-agent: {}", hostile.replace('\n', ""));
        let expected = [
            "-g",
            "-X",
            "POST",
            "http://127.0.0.1:4000/stripe/'$(id)'",
            "-H",
            &header,
            "-H",
            "x-empty;",
            "--data-raw",
            hostile,
        ];
        assert_eq!(arguments, expected);
    }

    #[test]
    fn a_body_that_a_terminal_would_obey_is_encoded() {
        for body in [b"\x1b[201~id\n".as_slice(), b"\xff\x00", b"a\rb"] {
            let command = command("http://x", &kept("/", &[], Some(body)));
            assert!(command.contains(&STANDARD.encode(body)), "{command}");
            assert!(!command.contains('\x1b') && !command.contains('\r'));
            assert_eq!(arguments(&command).last().unwrap(), "@-");
        }
    }

    #[test]
    fn it_says_that_the_credential_and_the_body_are_left_out() {
        let command = command("http://x", &kept("/", &[], None));
        let (comment, rest) = command.split_once('\n').unwrap();
        assert!(comment.contains("credential is left out"));
        assert!(comment.contains("nor is the body kept"));
        assert!(!rest.contains("--data"));
        // Were the comment a command, nothing in it would start another.
        assert!(!comment.contains([';', '`', '$', '&', '|', '>', '<', '(']));
    }

    #[test]
    fn verify_reads_it_as_the_request_that_it_was_copied_of() {
        for body in [
            None,
            Some(&b""[..]),
            Some("{\"a\":\"it's ñ\"}\n".as_bytes()),
            Some(b"@a"),
            Some(b"a\r\n\0"),
            Some(b"\xf1"),
        ] {
            let kept = kept("/stripe?a=b", &[("x-a", "it's"), ("x-empty", "")], body);
            let command = command("http://127.0.0.1:4000", &kept);
            let request = crate::verify::captured(command.as_bytes()).unwrap();
            assert_eq!(request.method(), "POST", "{command}");
            assert_eq!(request.uri(), "/stripe?a=b");
            assert_eq!(request.headers()["x-a"], "it's");
            assert_eq!(request.headers()["x-empty"], "");
            assert_eq!(&request.body()[..], body.unwrap_or_default(), "{command}");
        }
    }
}
