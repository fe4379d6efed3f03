use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Request};
use serde_json::{Value, json};
use webhook_core::Secret;

use super::courier::Sent;
use crate::conclusion::Conclusion;
use crate::error::Error;
use crate::net::{Answer, Exchange, LONGEST_ANSWER};
use crate::senders::{Draft, Sender};
use crate::show::{self, length, line, printable};

/// How much of a body is shown to a person.
const SHOWN: usize = 16 * 1024;

/// An attempt to deliver, with what came of it.
pub(super) struct Attempted<'a> {
    pub(super) sender: &'a Sender,
    pub(super) draft: &'a Draft,
    pub(super) number: usize,
    pub(super) url: &'a str,
    /// The headers with the credential, unless it is to be shown.
    pub(super) hidden: Option<&'a [HeaderName]>,
    /// What it was signed with, unless it is to be shown.
    pub(super) secret: Option<&'a Secret>,
    pub(super) request: &'a Request<Bytes>,
    pub(super) exchange: &'a Exchange,
    pub(super) conclusion: &'a Conclusion,
}

impl Attempted<'_> {
    /// Request, answer and conclusion.
    pub(super) fn in_full(&self) -> Result<(), Error> {
        let request = self.request;
        line(&format!("> {} {}", request.method(), self.target()))?;
        part('>', &self.headers(), request.body())?;
        line("")?;
        match &self.exchange.result {
            Ok(answer) => {
                let took = length(self.exchange.took);
                line(&format!("< {} in {took}", answer.status))?;
                let (headers, body) = self.echoed(answer);
                part('<', &headers, &body)?;
            }
            Err(failure) => line(&format!("< {failure}"))?,
        }
        line("")?;
        for text in self.conclusion.lines() {
            line(&text)?;
        }
        Ok(())
    }

    /// One of many.
    pub(super) fn in_a_line(&self) -> Result<(), Error> {
        let answer = match &self.exchange.result {
            Ok(answer) => answer.status.as_u16().to_string(),
            Err(failure) => failure.to_string(),
        };
        let took = length(self.exchange.took);
        let received = match self.conclusion.received {
            true => "received",
            false => "NOT received",
        };
        line(&format!("{}  {answer}  {took}  {received}", self.draft.id))
    }

    /// For scripts.
    pub(super) fn json(&self) -> Result<(), Error> {
        let answer = match &self.exchange.result {
            Ok(answer) => {
                let (headers, body) = self.echoed(answer);
                json!({
                    "status": answer.status.as_u16(),
                    "headers": pairs(headers),
                    "body": text(&body),
                })
            }
            Err(_) => Value::Null,
        };
        let failure = self.exchange.result.as_ref().err().map(ToString::to_string);
        let Conclusion {
            received,
            why,
            retries,
            is_put_off: _,
            then,
        } = self.conclusion;
        let retries: Vec<_> = retries.iter().map(Duration::as_secs).collect();
        let request = self.request;
        line(
            &json!({
                "sender": self.sender.name,
                "event": self.draft.event,
                "id": self.draft.id,
                "attempt": self.number + 1,
                "url": self.url,
                "request": {
                    "method": request.method().as_str(),
                    "target": self.target(),
                    "headers": pairs(self.headers()),
                    "body": text(request.body()),
                },
                "answer": answer,
                "failure": failure,
                "took_ms": u64::try_from(self.exchange.took.as_millis()).unwrap_or(u64::MAX),
                "received": received,
                "why": why,
                "retries_after_s": retries,
                "then": then,
            })
            .to_string(),
        )
    }
}

impl Attempted<'_> {
    fn headers(&self) -> Vec<(String, String)> {
        let hidden = self.hidden.unwrap_or_default();
        show::headers(self.request.headers(), hidden)
    }

    /// The headers and the body of an answer, without the secret: a receiver may echo the request.
    fn echoed(&self, answer: &Answer) -> (Vec<(String, String)>, Vec<u8>) {
        let headers = show::headers(&answer.headers, &[]).into_iter();
        let secret = self.secret.map_or("", Secret::expose);
        let headers = headers.map(|(name, value)| (name, without(value.as_bytes(), secret)));
        let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into()));
        (headers.collect(), without(&answer.body, secret))
    }

    /// Path and query. Without a header for it, the credential is in the query.
    fn target(&self) -> String {
        let uri = self.request.uri();
        match (self.hidden, uri.query()) {
            (Some([]), Some(_)) if self.sender.is_authenticated() => {
                format!("{}?(hidden)", uri.path())
            }
            _ => uri.to_string(),
        }
    }
}

/// What became of many deliveries.
#[derive(Default)]
pub(super) struct Total {
    sent: u32,
    received: u32,
    slowest: Duration,
}

impl Total {
    pub(super) fn and(self, sent: Sent) -> Self {
        Self {
            sent: self.sent + 1,
            received: self.received + u32::from(sent.received),
            slowest: self.slowest.max(sent.took),
        }
    }

    pub(super) fn all_received(&self) -> bool {
        self.sent == self.received
    }

    pub(super) fn line(&self) -> Result<(), Error> {
        let not = self.sent - self.received;
        line(&format!(
            "{} sent, {} received, {not} not; the slowest answer took {}",
            self.sent,
            self.received,
            length(self.slowest)
        ))
    }
}

fn part(mark: char, headers: &[(String, String)], body: &[u8]) -> Result<(), Error> {
    for (name, value) in headers {
        line(&format!("{mark} {name}: {value}"))?;
    }
    if body.is_empty() {
        return Ok(());
    }
    line(&mark.to_string())?;
    let shown = &body[..body.len().min(SHOWN)];
    for text in printable(&String::from_utf8_lossy(shown)).lines() {
        line(&format!("{mark} {text}"))?;
    }
    match body.len() - shown.len() {
        0 => Ok(()),
        _ if mark == '<' && body.len() >= LONGEST_ANSWER => {
            line("< (more follows, which is not read to its end)")
        }
        more => line(&format!("{mark} ({more} bytes more)")),
    }
}

/// Bytes without a secret, unless that is so short that it may be there by chance.
fn without(bytes: &[u8], secret: &str) -> Vec<u8> {
    const SHORTEST: usize = 6;

    let secret = secret.as_bytes();
    let mut rest = bytes;
    let mut shown = Vec::with_capacity(bytes.len());
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(secret) {
            Some(behind) if secret.len() >= SHORTEST => {
                shown.extend_from_slice(b"(hidden)");
                rest = behind;
            }
            _ => {
                shown.push(*first);
                rest = after;
            }
        }
    }
    shown
}

fn pairs(headers: Vec<(String, String)>) -> Value {
    headers
        .into_iter()
        .map(|(name, value)| json!([name, value]))
        .collect()
}

fn text(body: &[u8]) -> Value {
    Value::String(String::from_utf8_lossy(body).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_a_receiver_echoes_is_not_shown() {
        for (bytes, secret, expected) in [
            (
                "token: s3cr3t-s3cr3t!",
                "s3cr3t",
                "token: (hidden)-(hidden)!",
            ),
            ("s3cr3s3cr3t", "s3cr3t", "s3cr3(hidden)"),
            ("s3cr3", "s3cr3t", "s3cr3"),
            ("banana", "an", "banana"),
            ("banana", "", "banana"),
        ] {
            let shown = without(bytes.as_bytes(), secret);
            assert_eq!(String::from_utf8(shown).unwrap(), expected, "{bytes}");
        }
    }
}
