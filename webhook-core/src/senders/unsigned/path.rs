use std::ops::Range;

use crate::secrets::{IntoSecrets, Secret, SecretsError, SecretsErrorKind};

/// Where the last segment of a path is; empty after a slash at the end.
pub(super) fn last_segment(path: &str) -> Range<usize> {
    let start = path.rfind('/').map_or(0, |slash| slash + 1);
    start..path.len()
}

/// Refuses secrets that no request could carry as they are in a segment of its path.
pub(super) fn checked(secrets: impl IntoSecrets) -> Result<Vec<Secret>, SecretsError> {
    let secrets = secrets.into_secrets()?;
    let listed = secrets.len() > 1;
    for (index, secret) in secrets.iter().enumerate() {
        if !secret.expose().bytes().all(is_unreserved) {
            let error = SecretsError::from(SecretsErrorKind::WrongForm {
                expected: "made of ASCII letters, digits, `-`, `.`, `_` and `~`, as a secret in a path must be",
            });
            return Err(if listed { error.at(index) } else { error });
        }
    }
    Ok(secrets)
}

/// What looks the same in every spelling of a path.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_is_what_follows_the_last_slash() {
        for (path, expected) in [
            ("/flow/abc", "abc"),
            ("/abc", "abc"),
            ("abc", "abc"),
            ("/flow/abc/", ""),
            ("/", ""),
            ("", ""),
            ("/flow/a%2Fb", "a%2Fb"),
        ] {
            assert_eq!(&path[last_segment(path)], expected, "{path}");
        }
    }
}
