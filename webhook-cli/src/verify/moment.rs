use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::DATE;
use jiff::Timestamp;

use crate::show::length;

/// The time at which a request is judged, and where it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: SystemTime,
    pub(super) from: From,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// `--at`.
    Argument,
    /// The header `Date` of the request.
    Date,
    /// The clock of this machine.
    Now,
}

impl Moment {
    /// The time that was given, else that of the request, else now.
    pub(super) fn of(argument: Option<SystemTime>, headers: &HeaderMap) -> Self {
        let date = || {
            let mut dates = headers.get_all(DATE).iter();
            let date = dates.next().filter(|_| dates.next().is_none())?;
            httpdate::parse_http_date(date.to_str().ok()?).ok()
        };
        let (at, from) = match (argument, date()) {
            (Some(at), _) => (at, From::Argument),
            (None, Some(at)) => (at, From::Date),
            (None, None) => (SystemTime::now(), From::Now),
        };
        Self { at, from }
    }

    /// What is to be said about a time of the request.
    pub(super) fn compared(self, time: SystemTime, tolerance: Option<Duration>) -> String {
        let (distance, before) = self.distance(time);
        let place = match self.from {
            From::Argument => "the time of --at",
            From::Date => "the Date of the request",
            From::Now => "now",
        };
        let how_far = match (distance.as_secs(), before) {
            (0, _) => match self.from {
                From::Now => place.to_owned(),
                From::Argument | From::Date => format!("at {place}"),
            },
            (_, true) => format!("{} before {place}", beside(distance, tolerance)),
            (_, false) => format!("{} after {place}", beside(distance, tolerance)),
        };
        let judged = match tolerance {
            None => "its receivers accept any time unless they set a tolerance".to_owned(),
            Some(within) if distance <= within => {
                format!("within the tolerance of {}", length(within))
            }
            Some(within) => {
                let then = match self.from {
                    From::Now => "give --at TIME if it arrived at another time",
                    From::Argument | From::Date => "a receiver refuses it then",
                };
                format!("OUTSIDE the tolerance of {}: {then}", length(within))
            }
        };
        format!("{}, {how_far}; {judged}", written(time))
    }

    /// How far from this moment a time is, and whether it is before it.
    pub(super) fn distance(self, time: SystemTime) -> (Duration, bool) {
        match self.at.duration_since(time) {
            Ok(before) => (before, true),
            Err(after) => (after.duration(), false),
        }
    }
}

/// A distance, so that it is not written like a tolerance that it is beyond.
fn beside(distance: Duration, tolerance: Option<Duration>) -> String {
    match tolerance {
        Some(within) if distance > within && length(distance) == length(within) => {
            format!("{} s", distance.as_secs_f64())
        }
        _ => length(distance),
    }
}

/// A time in RFC 3339, in UTC.
pub(super) fn written(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let milliseconds = i64::try_from(since.as_millis()).ok();
    match milliseconds.and_then(|it| Timestamp::from_millisecond(it).ok()) {
        Some(time) => time.to_string(),
        None => "a time beyond the year 9999".to_owned(),
    }
}

/// A time of RFC 3339, or of Unix in seconds or milliseconds.
pub(super) fn parse(text: &str) -> Result<SystemTime, String> {
    /// In milliseconds it is 1973, in seconds 5138.
    const MILLISECONDS_FROM: u64 = 100_000_000_000;

    let since = match text.parse::<u64>() {
        Ok(time @ MILLISECONDS_FROM..) => Some(Duration::from_millis(time)),
        Ok(time) => Some(Duration::from_secs(time)),
        Err(_) => {
            let time = text.parse::<Timestamp>().ok();
            time.and_then(|time| Duration::try_from(time.as_duration()).ok())
        }
    };
    since
        .and_then(|since| UNIX_EPOCH.checked_add(since))
        .ok_or_else(|| "write it like 2026-11-29T12:00:00Z, or as Unix time".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_time_is_read_as_people_and_programs_write_it() {
        for text in [
            "1795600000",
            "1795600000000",
            "2026-11-25T09:46:40Z",
            "2026-11-25T06:46:40-03:00",
        ] {
            assert_eq!(parse(text), Ok(at(1_795_600_000)), "{text}");
        }
        for text in ["", "now", "-1", "2026-11-25", "1969-11-25T09:46:40Z", "1.5"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_argument_comes_before_the_date_of_the_request() {
        let mut headers = HeaderMap::new();
        assert_eq!(Moment::of(None, &headers).from, From::Now);
        let date = "Wed, 25 Nov 2026 09:46:40 GMT".parse().unwrap();
        headers.insert(DATE, date);
        let of_date = Moment::of(None, &headers);
        assert_eq!((of_date.at, of_date.from), (at(1_795_600_000), From::Date));
        let given = Moment::of(Some(at(7)), &headers);
        assert_eq!((given.at, given.from), (at(7), From::Argument));
        headers.insert(DATE, "yesterday".parse().unwrap());
        assert_eq!(Moment::of(None, &headers).from, From::Now);
    }

    #[test]
    fn the_tolerance_is_that_of_a_receiver() {
        let moment = Moment {
            at: at(1_000),
            from: From::Argument,
        };
        let within = Some(Duration::from_secs(300));
        for (time, expected) in [
            (1_000, "at the time of --at; within the tolerance of 5 min"),
            (700, "5 min before the time of --at; within"),
            (699, "5 min 1 s before the time of --at; OUTSIDE"),
            (1_301, "5 min 1 s after the time of --at; OUTSIDE"),
        ] {
            let said = moment.compared(at(time), within);
            assert!(said.contains(expected), "{said}");
        }
        assert!(moment.compared(at(0), None).contains("any time"));
        let later = at(700) - Duration::from_millis(500);
        let said = moment.compared(later, within);
        assert!(
            said.contains("300.5 s before the time of --at; OUTSIDE"),
            "{said}"
        );
    }
}
