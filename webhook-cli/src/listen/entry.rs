use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What is kept of a delivery beside its number.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) at_ms: i64,
    pub(super) sender: String,
    pub(super) verdict: Kind,
    /// Whether its sender has proven something. What nobody has proven may be of anyone.
    pub(super) is_proven: bool,
    pub(super) reason: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) delivery_id: Option<String>,
    pub(super) method: String,
    /// Path and query, as far as they are kept.
    pub(super) path: String,
    /// The length of the body as it arrived.
    pub(super) bytes: u64,
    pub(super) rest: Rest,
    /// `None` if it is not kept.
    pub(super) body: Option<Vec<u8>>,
    /// `None` until it is answered.
    pub(super) outcome: Option<Outcome>,
}

/// What came of a delivery.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// 0 if it was never answered.
    pub(super) status: u16,
    pub(super) received: Option<bool>,
    pub(super) took_ms: u64,
    pub(super) told: Told,
}

/// What is only shown when a delivery is looked at.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Rest {
    pub(super) label: Option<String>,
    /// As text: as a tree, a long one takes many times as much.
    pub(super) event: Option<Box<RawValue>>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) hidden_headers: Vec<String>,
    pub(super) masked: Vec<String>,
}

/// What its sender was told, and makes of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Told {
    pub(super) answer: Option<Answered>,
    pub(super) failure: Option<String>,
    pub(super) conclusion: Vec<String>,
}

/// An answer, and who gave it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Answered {
    pub(super) by: String,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// What was made of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Authentic,
    Handshake,
    Refused,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Authentic, Self::Handshake, Self::Refused];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Authentic => "authentic",
            Self::Handshake => "handshake",
            Self::Refused => "refused",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A delivery in a list.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Summary {
    pub(super) id: i64,
    pub(super) at: String,
    pub(super) sender: String,
    pub(super) verdict: &'static str,
    pub(super) reason: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) delivery_id: Option<String>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) bytes: u64,
    /// `None` until it is answered, 0 if it never will be.
    pub(super) status: Option<u16>,
    pub(super) received: Option<bool>,
    pub(super) took_ms: Option<u64>,
}

impl Summary {
    pub(super) fn of(id: i64, entry: &Entry) -> Self {
        Self {
            id,
            at: time(entry.at_ms),
            sender: entry.sender.clone(),
            verdict: entry.verdict.name(),
            reason: entry.reason.clone(),
            kind: entry.kind.clone(),
            delivery_id: entry.delivery_id.clone(),
            method: entry.method.clone(),
            path: entry.path.clone(),
            bytes: entry.bytes,
            status: entry.outcome.as_ref().map(|outcome| outcome.status),
            received: entry.outcome.as_ref().and_then(|outcome| outcome.received),
            took_ms: entry.outcome.as_ref().map(|outcome| outcome.took_ms),
        }
    }
}

/// RFC 3339 with milliseconds.
pub(super) fn time(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    format!("{time:.3}")
}
