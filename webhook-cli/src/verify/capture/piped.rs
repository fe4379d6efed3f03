//! A body that a command pipes into curl as base64: `printf %s '…' | base64 -d | curl …`. The page of `listen` writes it so
//! where a terminal would not take the bytes as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::curl;
use crate::error::Error;

/// What is piped into curl, in base64, and what follows the name of curl, if this is such a command.
pub(super) fn parts(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"$ ").unwrap_or(text);
    let rest = after(text, &["printf", "%s"])?.strip_prefix(b"'")?;
    let end = rest.iter().position(|byte| *byte == b'\'')?;
    let rest_of_pipe = after(rest.get(end + 1..)?, &["|", "base64", "-d", "|"])?;
    Some((rest.get(..end)?, curl::arguments(rest_of_pipe)?))
}

/// The bytes of it.
pub(super) fn decoded(base64: &[u8]) -> Result<Vec<u8>, Error> {
    STANDARD.decode(base64).map_err(|_| {
        Error::usage("what is piped into `base64 -d` is not base64: copy the whole command")
    })
}

/// What follows these words and the blanks between them.
fn after<'a>(text: &'a [u8], words: &[&str]) -> Option<&'a [u8]> {
    words.iter().try_fold(text, |text, word| {
        let rest = text.trim_ascii_start().strip_prefix(word.as_bytes())?;
        let is_whole = rest.first().is_some_and(u8::is_ascii_whitespace);
        is_whole.then(|| rest.trim_ascii_start())
    })
}

#[cfg(test)]
mod tests {
    use super::super::Captured;

    #[test]
    fn a_body_is_what_the_pipe_would_decode() {
        for command in [
            "printf %s 'YQ3/AA==' | base64 -d | curl 'http://x/' --data-binary @-",
            "$ printf %s 'YQ3/AA==' | base64 -d | curl 'http://x/' --data-binary @- -H 'a: b'\r\n",
        ] {
            let captured = Captured::parse(command.as_bytes()).unwrap();
            assert_eq!(&captured.request.body()[..], b"a\r\xff\0", "{command}");
            assert_eq!(captured.request.method(), "POST");
        }
        // curl does not read what it is not told to.
        let unread = b"printf %s 'YQ==' | base64 -d | curl http://x/";
        let captured = Captured::parse(unread).unwrap();
        assert_eq!(captured.request.method(), "GET");
        assert!(captured.request.body().is_empty());
    }

    #[test]
    fn no_other_pipe_is_read() {
        let head = "printf %s 'YQ==' | base64 -d | curl http://x/";
        for (command, expected) in [
            (format!("{head} -d @-"), "-d names a file"),
            (
                format!("{head} --data-binary @a"),
                "--data-binary names a file",
            ),
            (
                format!("{head} --data-binary @- --data-binary @-"),
                "--data-binary names a file",
            ),
            (format!("{head} --data-binary @- | sh"), "`|`"),
            (head.replace("YQ==", "Y"), "not base64"),
            (head.replace("-d |", "-d | tee a |"), "neither raw HTTP"),
            (head.replace("curl", "sh"), "neither raw HTTP"),
            (head.replace("printf", "echo"), "neither raw HTTP"),
            ("curl http://x/ --data-binary @-".to_owned(), "names a file"),
        ] {
            let error = Captured::parse(command.as_bytes()).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(expected), "{command}: {error}");
        }
    }
}
