use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use webhook_core::Reply;
use webhook_core::answer::Received;
use webhook_core::provider::{Repeats, Stop, StopAt, Timing};

use crate::net::{Answer, Exchange, Failure, LONGEST_ANSWER};
use crate::show::{length, printable};

/// What a sender makes of an answer, by its own documentation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conclusion {
    /// Whether it counts the delivery as received.
    pub(crate) received: bool,
    /// Why it does, or does not.
    pub(crate) why: String,
    /// The attempts that follow, each after the one before.
    pub(crate) retries: Vec<Duration>,
    /// Whether the answer puts the first of them off, with `Retry-After`.
    pub(crate) is_put_off: bool,
    /// What it does then, if it has not received it.
    pub(crate) then: String,
}

impl Conclusion {
    /// Of the answer to the attempt of this number, from 0.
    pub(crate) fn of(timing: &Timing, attempt: usize, exchange: &Exchange) -> Self {
        let answer = exchange.result.as_ref();
        let why_not = answer.map(|answer| why_not(timing.received, answer));
        let why = match why_not {
            Ok(None) => {
                return Self::received(format!("the sender counts {}", rule(timing.received)));
            }
            Ok(Some(why)) => why,
            Err(failure) => no_answer(failure),
        };
        let answer = answer.ok();
        let stop = answer.and_then(|it| timing.stopped_by(it.status, &it.headers));
        let later = timing.attempts.get(attempt + 1..).unwrap_or_default();
        let later = later.iter().map(|it| it.after_previous);
        let mut retries: Vec<_> = later.filter(|_| stop.is_none()).collect();
        let asked = answer.filter(|_| timing.honors_retry_after);
        let asked = asked.and_then(|it| retry_after(&it.headers));
        let put_off = retries.first_mut().zip(asked);
        let put_off = put_off.filter(|(first, asked)| asked > *first);
        let is_put_off = put_off.map(|(first, asked)| *first = asked).is_some();
        let then = match stop {
            Some(stop) => then_stopped(timing, stop),
            None => then(timing, !retries.is_empty()),
        };
        Self {
            received: false,
            why,
            retries,
            is_put_off,
            then,
        }
    }

    /// Of the answer to a handshake, which is to be this reply.
    pub(crate) fn of_handshake(reply: &Reply, exchange: &Exchange) -> Self {
        let wanted = reply.status;
        let why = match &exchange.result {
            Ok(answer) if answer.status != wanted => {
                format!(
                    "the handshake asks for {wanted}, and this is {}",
                    answer.status
                )
            }
            Ok(answer) if !is_greeting(reply, answer) => {
                let body = printable(&String::from_utf8_lossy(&reply.body));
                format!("the handshake asks for the body {body}, and this is another")
            }
            Ok(_) => {
                return Self::received("this is what the handshake asks for".to_owned());
            }
            Err(failure) => no_answer(failure),
        };
        Self {
            received: false,
            why,
            retries: Vec::new(),
            is_put_off: false,
            then: "the sender does not accept this URL, and delivers nothing".to_owned(),
        }
    }

    fn received(why: String) -> Self {
        Self {
            received: true,
            why,
            retries: Vec::new(),
            is_put_off: false,
            then: String::new(),
        }
    }

    /// The same in a few lines for a person.
    pub(crate) fn lines(&self) -> Vec<String> {
        if self.received {
            return vec![format!("received: {}", self.why)];
        }
        let mut lines = vec![format!("NOT received: {}", self.why)];
        if !self.retries.is_empty() {
            let mut waits: Vec<_> = self.retries.iter().map(|it| when(*it)).collect();
            if let Some(first) = waits.first_mut().filter(|_| self.is_put_off) {
                first.push_str(" by Retry-After");
            }
            lines.push(format!("the sender tries again: {}", waits.join(", then ")));
        }
        if !self.then.is_empty() {
            lines.push(self.then.clone());
        }
        lines
    }
}

/// When an attempt comes after the one before it.
pub(crate) fn when(after: Duration) -> String {
    match after.is_zero() {
        true => "at once".to_owned(),
        false => format!("in {}", length(after)),
    }
}

fn why_not(received: Received, answer: &Answer) -> Option<String> {
    let status = answer.status;
    if !received.counts(status) {
        return Some(format!(
            "the sender counts {}, and this is {status}",
            rule(received)
        ));
    }
    let content_type = answer
        .headers
        .get(CONTENT_TYPE)
        .map(|value| value.as_bytes());
    let counts = received.counts_response(status, content_type, &answer.body);
    (!counts).then(|| {
        let found = match content_type {
            None => "has no Content-Type".to_owned(),
            Some(_) if answer.body.is_empty() => "is empty".to_owned(),
            Some(_) if answer.body.len() >= LONGEST_ANSWER => {
                format!("is longer than the {LONGEST_ANSWER} bytes that this command reads")
            }
            Some(named) if received.counts_response(status, Some(named), b"{}") => {
                "says that it is JSON and is not".to_owned()
            }
            Some(named) => format!("is {}", printable(&String::from_utf8_lossy(named))),
        };
        format!(
            "the sender counts {}, and this body {found}",
            rule(received)
        )
    })
}

/// What a sender counts as received.
pub(crate) fn rule(received: Received) -> String {
    match received {
        Received::SuccessWithJson => "a 2xx with a JSON body".to_owned(),
        Received::UpTo(last) => format!("200 to {}", last.as_u16()),
        Received::Only(statuses) => {
            let statuses: Vec<_> = statuses.iter().map(|it| it.as_u16().to_string()).collect();
            format!("only {}", statuses.join(" and "))
        }
        _ => "any 2xx".to_owned(),
    }
}

fn no_answer(failure: &Failure) -> String {
    match failure {
        Failure::TooLate(wait) => format!("the sender waits {} and no longer", length(*wait)),
        failure => failure.to_string(),
    }
}

/// Whether an answer has the status and the body of this reply: the body alone, or as a part of JSON or a form.
pub(crate) fn is_greeting(reply: &Reply, answer: &Answer) -> bool {
    let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    let wanted = &reply.body[..];
    let is_in_it = memchr::memmem::find(&answer.body, wanted).is_some();
    let is_same = || json(wanted).is_some_and(|wanted| json(&answer.body) == Some(wanted));
    answer.status == reply.status && (is_in_it || is_same())
}

/// How long an answer asks the sender to wait: in seconds, or until a time.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(SystemTime::now())
            .ok(),
    }
}

/// What becomes of a delivery that is not received.
fn then(timing: &Timing, has_retries: bool) -> String {
    let never = timing.if_never_received;
    let after_that = match never {
        "" => String::new(),
        never => format!("after that, {never}"),
    };
    if has_retries {
        return after_that;
    }
    match (timing.repeats, timing.documented_horizon, timing.attempts) {
        (Repeats::ByHand | Repeats::Never, ..) => never.to_owned(),
        (Repeats::Roughly(repeats), ..) => joined([repeats, &after_that]),
        (_, Some(horizon), _) => {
            let again = format!("another attempt can come within {}", length(horizon));
            joined([&again, never])
        }
        (_, None, []) => joined(["whether the sender tries again is not documented", never]),
        _ => never.to_owned(),
    }
}

/// The same after an answer that ends its retries.
fn then_stopped(timing: &Timing, stop: Stop) -> String {
    let answer = match stop.at {
        StopAt::Status(status) => status.to_string(),
        StopAt::Header(name, value) => format!("{name}: {value}"),
        _ => "this answer".to_owned(),
    };
    let ends = format!("the sender does not try again after {answer}");
    match stop.consequence {
        "" => joined([&ends, timing.if_never_received]),
        consequence => joined([&ends, consequence]),
    }
}

fn joined(parts: [&str; 2]) -> String {
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;
    use crate::senders::Senders;

    fn conclusion(sender: &str, result: Result<Answer, Failure>) -> Conclusion {
        let took = Duration::ZERO;
        let senders = Senders::load(None).unwrap();
        let timing = senders.find(sender).unwrap().facts().timing;
        Conclusion::of(&timing, 0, &Exchange { took, result })
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &'static str) -> Answer {
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.collect(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn what_is_said_of_other_attempts_is_what_the_sender_documents() {
        for (sender, expected) in [
            (
                "slack",
                "the sender tries again: at once, then in 1 min, then in 5 min",
            ),
            (
                "github",
                "GitHub repeats nothing by itself: redeliver it by hand within 3 days",
            ),
            (
                "fintoc",
                "Fintoc tries again after 3 seconds and then at growing intervals, 17 times at most; \
                 after that, Fintoc gives the event up",
            ),
            (
                "telegram",
                "Telegram tries again a number of times that it calls reasonable",
            ),
            (
                "gitlab",
                "whether the sender tries again is not documented; GitLab turns off a webhook that fails 4 times in a row: \
                 after a 5xx for a minute to a day, after a 4xx for good",
            ),
            ("khipu", "whether the sender tries again is not documented"),
            (
                "klap",
                "Klap reverses the payment, and the order becomes a refund",
            ),
        ] {
            let broken = Err(Failure::Broken("it hung up".to_owned()));
            assert_eq!(conclusion(sender, broken).lines()[1], expected, "{sender}");
        }
    }

    #[test]
    fn an_answer_that_ends_the_retries_of_a_sender_ends_them() {
        let ends = ("x-slack-no-retry", "1");
        for (sender, status, headers, expected) in [
            (
                "slack",
                500,
                &[ends][..],
                Some("x-slack-no-retry: 1; Slack gives the event up"),
            ),
            ("slack", 500, &[("x-slack-no-retry", "0")], None),
            ("slack", 410, &[], None),
            (
                "standard",
                410,
                &[],
                Some("410 Gone; Standard Webhooks asks senders to turn the endpoint off"),
            ),
            ("standard", 500, &[ends], None),
        ] {
            let concluded = conclusion(sender, Ok(answer(status, headers, "")));
            assert_eq!(
                concluded.retries.is_empty(),
                expected.is_some(),
                "{sender} {status}"
            );
            let expected = expected.map(|it| format!("the sender does not try again after {it}"));
            let then = concluded.then;
            assert!(
                then.starts_with(&expected.unwrap_or_default()),
                "{sender} {status}: {then}"
            );
        }
    }

    #[test]
    fn retry_after_puts_the_next_attempt_off_where_the_sender_honors_it() {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(7200));
        for (sender, value, after) in [
            ("standard", "60", 60..=60),
            ("standard", "1", 5..=5),
            ("standard", "soon", 5..=5),
            ("standard", &*date, 7000..=7200),
            ("mercadopago", "86400", 900..=900),
        ] {
            let concluded = conclusion(sender, Ok(answer(503, &[("retry-after", value)], "")));
            let first = concluded.retries[0].as_secs();
            assert!(after.contains(&first), "{sender} {value}: {first}");
        }
        let concluded = conclusion("standard", Ok(answer(503, &[("retry-after", "60")], "")));
        let line = &concluded.lines()[1];
        assert!(
            line.starts_with("the sender tries again: in 1 min by Retry-After, then in 5 min,"),
            "{line}"
        );
    }
}
