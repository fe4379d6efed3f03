use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Request;
use serde::Serialize;
use serde_json::Value;
use webhook_core::answer::Acknowledgement;
use webhook_core::driver::{Accepted, EarlyReply, Verifier};
use webhook_core::provider::ClaimTime;
use webhook_core::{DeliveryId, Head, Provider, Rejection, Reply};

/// Judges requests as a receiver of one sender would.
pub(crate) trait Judge: Send + Sync {
    /// What a receiver makes of a request that arrives at this time.
    fn judge(&self, request: &Request<Bytes>, at: SystemTime) -> Verdict;

    /// Whether the credential of a request matches a secret, whatever its time and the rest of it; false for one that needs none.
    fn proof(&self, request: &Request<Bytes>) -> Result<bool, Unproven>;

    /// The time that the request says it was signed at, if the sender signs one. Whether it was signed is not said.
    fn claimed_time(&self, request: &Request<Bytes>) -> Option<SystemTime>;

    /// How far that time may lie from the clock.
    fn tolerance(&self) -> Option<Duration>;

    /// What an operator can do about a rejection, by the sender's provider.
    fn remedy(&self, rejection: &Rejection) -> &'static str;
}

/// What a receiver makes of a request.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The handler gets it.
    Authentic(Box<Authentic>),
    /// A handshake, which the layer answers by itself.
    Greeted(Reply),
    /// Nobody gets it.
    Refused { rejection: Rejection, reply: Reply },
}

/// Why the credential of a request does not match.
#[derive(Debug)]
pub(crate) struct Unproven {
    pub(crate) rejection: Rejection,
    /// Whether the head alone shows it, whatever the body is.
    pub(crate) in_head: bool,
}

/// A delivery that a handler gets.
#[derive(Debug)]
pub(crate) struct Authentic {
    /// What it is called in a list. The sender may not have proven it.
    pub(crate) kind: String,
    /// What the sender calls it: where that is several values, the ones that it sent.
    pub(crate) id: Option<String>,
    /// The label of the secret that matched.
    pub(crate) label: Option<String>,
    /// The event, with what is not proven apart. Card tokens are masked in it.
    pub(crate) event: Value,
    /// What the sender must be answered.
    pub(crate) rule: Acknowledgement,
}

impl<P: Provider<Event: Serialize>> Judge for Verifier<P> {
    #[allow(clippy::result_large_err, reason = "the answer is used at once")]
    fn judge(&self, request: &Request<Bytes>, at: SystemTime) -> Verdict {
        let verifier = self.clone().clock(move || at);
        let judged = verifier
            .begin(&head(request))
            .and_then(|pending| pending.finish(request.body().clone()));
        match judged {
            Ok(Accepted {
                delivery,
                in_flight,
                ..
            }) => {
                let event = serde_json::to_value(&*delivery).unwrap_or_default();
                Verdict::Authentic(Box::new(Authentic {
                    kind: called(self.provider().kind(&delivery), &event),
                    id: delivery.id().map(|id| sent(&id)),
                    label: delivery.label().map(|label| label.as_str().to_owned()),
                    event,
                    rule: in_flight.rule().clone(),
                }))
            }
            Err(EarlyReply {
                reply,
                rejection: Some(rejection),
                ..
            }) => Verdict::Refused { rejection, reply },
            Err(EarlyReply { reply, .. }) => Verdict::Greeted(reply),
        }
    }

    fn proof(&self, request: &Request<Bytes>) -> Result<bool, Unproven> {
        let provider = self.provider();
        let unproven = |in_head| move |rejection| Unproven { rejection, in_head };
        let claim = provider.inspect(&head(request)).map_err(unproven(true))?;
        let authentic = provider.authenticate(claim, request.body());
        authentic.map(|it| it.is_proven()).map_err(unproven(false))
    }

    fn claimed_time(&self, request: &Request<Bytes>) -> Option<SystemTime> {
        let provider = self.provider();
        let claim = provider.inspect(&head(request)).ok()?;
        let since = match provider.time(&claim) {
            ClaimTime::At(since) => since,
            ClaimTime::InBody => {
                let authentic = provider.authenticate(claim, request.body()).ok()?;
                provider.time_in_body(authentic.facts())?
            }
            _ => return None,
        };
        UNIX_EPOCH.checked_add(since)
    }

    fn tolerance(&self) -> Option<Duration> {
        self.provider().tolerance()
    }

    fn remedy(&self, rejection: &Rejection) -> &'static str {
        self.provider().remedy(rejection)
    }
}

/// An id as its sender sends it, without what the core adds to tell values apart.
fn sent(id: &DeliveryId) -> String {
    let Some(values) = id.values() else {
        return id.as_str().to_owned();
    };
    let sent = values.into_iter().flatten().filter(|it| !it.is_empty());
    match sent.collect::<Vec<_>>().join(" ") {
        none if none.is_empty() => id.as_str().to_owned(),
        sent => sent,
    }
}

/// What an event is called in a list: its kind, or if all of its sender are of one kind, what the sender calls it, which may
/// not be proven.
fn called(kind: &str, event: &Value) -> String {
    const NAMES: [&str; 6] = [
        "/topic",
        "/unauthenticated/topic",
        "/unauthenticated/event",
        "/payload/type",
        "/payload/event",
        "/hint/topic",
    ];
    const LONGEST: usize = 100;

    if !matches!(kind, "event" | "hint") {
        return kind.to_owned();
    }
    let named = NAMES
        .iter()
        .filter_map(|name| event.pointer(name)?.as_str());
    let mut named = named.filter(|name| !name.is_empty() && name.len() <= LONGEST);
    named.next().unwrap_or(kind).to_owned()
}

fn head(request: &Request<Bytes>) -> Head<'_> {
    Head::new(
        request.method().as_str(),
        request.uri().path(),
        request.uri().query(),
        request.headers(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_the_sender_sends() {
        for (id, expected) in [
            ("evt_1", "evt_1"),
            (
                "-36:72d3162e-cc78-11e3-81ab-4c9367dc0958",
                "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            ),
            ("1:h11:facturacion7:emitido-", "h facturacion emitido"),
            ("--", "--"),
        ] {
            assert_eq!(sent(&DeliveryId::unsigned(id)), expected);
        }
    }
}
