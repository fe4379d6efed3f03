use std::time::Duration;

use serde::Deserialize;

use super::Characters;
use crate::answer::Rejection;
use crate::signing::unix_time;

/// Where the time of a delivery is, and how it is written.
///
/// ```
/// use webhook_core::signing::TimeField;
///
/// let slack = TimeField::header("x-slack-request-timestamp").seconds();
/// let khipu = TimeField::pair("t").milliseconds(); // x-khipu-signature: t=…,s=…
/// let linear = TimeField::body("webhookTimestamp").milliseconds();
/// let dlocal = TimeField::header("x-date").rfc3339().length(24);
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[must_use]
pub struct TimeField {
    pub(super) header: Option<String>,
    pub(super) pair: Option<String>,
    pub(super) body: Option<String>,
    pub(super) unit: Option<TimeUnit>,
    pub(super) length: Option<usize>,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TimeUnit {
    /// Seconds since 1970, as digits.
    Seconds,
    /// Milliseconds since 1970, as digits.
    Milliseconds,
    /// Either: what is 100,000,000,000 or more is in milliseconds. As seconds, that is the year 5138.
    SecondsOrMilliseconds,
    /// RFC 3339, such as `2026-11-25T10:26:40.000Z`.
    Rfc3339,
}

impl TimeField {
    /// In a header of its own.
    pub fn header(name: impl Into<String>) -> Self {
        Self {
            header: Some(name.into()),
            ..Self::default()
        }
    }

    /// In the header of the signature, as the pair of this name: `t=1743890251,v1=…`.
    pub fn pair(name: impl Into<String>) -> Self {
        Self {
            pair: Some(name.into()),
            ..Self::default()
        }
    }

    /// In a field of the JSON in the body, or of the form: its keys, joined with dots. It is judged after the signature.
    pub fn body(path: impl Into<String>) -> Self {
        Self {
            body: Some(path.into()),
            ..Self::default()
        }
    }

    /// In seconds since 1970.
    pub fn seconds(self) -> Self {
        self.written(TimeUnit::Seconds)
    }

    /// In milliseconds since 1970.
    pub fn milliseconds(self) -> Self {
        self.written(TimeUnit::Milliseconds)
    }

    /// In seconds or milliseconds since 1970, by its magnitude.
    pub fn seconds_or_milliseconds(self) -> Self {
        self.written(TimeUnit::SecondsOrMilliseconds)
    }

    /// As an RFC 3339 time.
    pub fn rfc3339(self) -> Self {
        self.written(TimeUnit::Rfc3339)
    }

    fn written(mut self, unit: TimeUnit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// With so many characters, and no others: for a time that the body follows without a separator. Seconds have 10 from
    /// 2001 to 2286, milliseconds 13.
    pub fn length(mut self, characters: usize) -> Self {
        self.length = Some(characters);
        self
    }
}

impl TimeUnit {
    /// The characters of a time in this unit.
    pub(super) fn characters(self) -> Characters {
        match self {
            Self::Rfc3339 => Characters::Time,
            _ => Characters::Digits,
        }
    }

    /// Whether a time in this unit can contain the separator of a list.
    pub(super) fn is_within(self, separator: char) -> bool {
        let byte = u8::try_from(separator);
        byte.is_ok_and(|byte| self.characters().include(byte))
    }

    /// The time since 1970-01-01 00:00 UTC.
    pub(crate) fn read(self, text: &str) -> Result<Duration, Rejection> {
        /// In milliseconds it is 1973, in seconds 5138.
        const MILLISECONDS_FROM: u64 = 100_000_000_000;

        Ok(match self {
            Self::Seconds => Duration::from_secs(unix_time(text)?),
            Self::Milliseconds => Duration::from_millis(unix_time(text)?),
            Self::SecondsOrMilliseconds => match unix_time(text)? {
                time @ MILLISECONDS_FROM.. => Duration::from_millis(time),
                time => Duration::from_secs(time),
            },
            Self::Rfc3339 => rfc3339(text).ok_or(Rejection::CredentialMalformed)?,
        })
    }
}

fn rfc3339(text: &str) -> Option<Duration> {
    // The parser takes more than RFC 3339 has, such as the name of a time zone in brackets.
    let is_of_time = text.bytes().all(|byte| Characters::Time.include(byte));
    let time: jiff::Timestamp = is_of_time.then(|| text.parse().ok()).flatten()?;
    time.as_duration().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_its_unit_and_nothing_else() {
        let seconds = Duration::from_secs;
        for (unit, text, expected) in [
            (
                TimeUnit::Seconds,
                "1795600000",
                Some(seconds(1_795_600_000)),
            ),
            (TimeUnit::Seconds, "+1795600000", None),
            (TimeUnit::Seconds, "", None),
            (
                TimeUnit::Milliseconds,
                "1795600000000",
                Some(seconds(1_795_600_000)),
            ),
            (
                TimeUnit::SecondsOrMilliseconds,
                "1795600000000",
                Some(seconds(1_795_600_000)),
            ),
            (
                TimeUnit::SecondsOrMilliseconds,
                "1795600000",
                Some(seconds(1_795_600_000)),
            ),
            (
                TimeUnit::SecondsOrMilliseconds,
                "99999999999",
                Some(seconds(99_999_999_999)),
            ),
            (
                TimeUnit::SecondsOrMilliseconds,
                "100000000000",
                Some(seconds(100_000_000)),
            ),
            (
                TimeUnit::Rfc3339,
                "2026-11-25T09:46:40Z",
                Some(seconds(1_795_600_000)),
            ),
            (
                TimeUnit::Rfc3339,
                "2026-11-25T06:46:40.000-03:00",
                Some(seconds(1_795_600_000)),
            ),
            (TimeUnit::Rfc3339, "2026-11-25T09:46:40", None),
            (TimeUnit::Rfc3339, "2026-11-25 09:46:40Z", None),
            (
                TimeUnit::Rfc3339,
                "2026-11-25T06:46:40-03:00[America/Santiago]",
                None,
            ),
            (TimeUnit::Rfc3339, "22026-11-25T09:46:40Z", None),
            (TimeUnit::Rfc3339, "1969-11-25T09:46:40Z", None),
        ] {
            assert_eq!(unit.read(text).ok(), expected, "{unit:?} {text}");
        }
    }
}
