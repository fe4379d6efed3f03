use std::env;
use std::ffi::OsString;
use std::time::Duration;

use crate::StartError;

const HEAD: &str = "HEAD_TIMEOUT_MS";
const BODY: &str = "BODY_TIMEOUT_MS";

/// The longest limit that can be set: a day. The servers add a limit to the current time, which must not overflow.
const MOST: u64 = 24 * 60 * 60 * 1000;

/// How long a client may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// `HEAD_TIMEOUT_MS`: from the connection to the end of a request's headers, enforced by the server.
    pub head: Duration,
    /// `BODY_TIMEOUT_MS`: from the headers to the end of the body, enforced by the webhook layer.
    pub body: Duration,
}

/// 10 seconds each.
impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// Reads the environment. Variables that are not set have the default.
    ///
    /// # Errors
    ///
    /// A variable that is not a whole number of milliseconds from 1 to a day.
    pub fn from_env() -> Result<Self, StartError> {
        let default = Self::default();
        Ok(Self {
            head: limit(HEAD, env::var_os(HEAD), default.head)?,
            body: limit(BODY, env::var_os(BODY), default.body)?,
        })
    }

    /// How long requests in flight may take to be answered once the server is asked to stop: the time for a slow body,
    /// plus some for the handler.
    pub fn stop(self) -> Duration {
        self.body + Duration::from_secs(5)
    }
}

fn limit(
    variable: &str,
    text: Option<OsString>,
    default: Duration,
) -> Result<Duration, StartError> {
    let Some(text) = text else {
        return Ok(default);
    };
    let milliseconds = text.to_str().and_then(|text| text.parse().ok());
    match milliseconds {
        Some(milliseconds @ 1..=MOST) => Ok(Duration::from_millis(milliseconds)),
        _ => Err(StartError::setting(
            variable,
            format_args!(
                "is not a whole number of milliseconds from 1 to {MOST}: set it to one such as 10000, or unset it"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_10_seconds_unless_it_is_set() {
        let default = Limits::default();
        assert_eq!([default.head, default.body], [Duration::from_secs(10); 2]);
        for (text, expected) in [
            (None, 10_000),
            (Some("1"), 1),
            (Some("600000"), 600_000),
            (Some("86400000"), 86_400_000),
        ] {
            let read = limit(HEAD, text.map(OsString::from), default.head).unwrap();
            assert_eq!(read, Duration::from_millis(expected));
        }
    }

    #[test]
    fn a_useless_limit_is_refused_with_the_fix() {
        for text in [
            "",
            " ",
            "0",
            "-1",
            "1.5",
            "10s",
            "86400001",
            "99999999999999999999",
        ] {
            let refused = limit(BODY, Some(text.into()), Duration::MAX).unwrap_err();
            assert_eq!(
                refused.to_string(),
                "BODY_TIMEOUT_MS is not a whole number of milliseconds from 1 to 86400000: \
                 set it to one such as 10000, or unset it",
                "{text:?}"
            );
        }
    }
}
