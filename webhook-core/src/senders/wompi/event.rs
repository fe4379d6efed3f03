use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A Wompi delivery: what the checksum covers, and everything else, which it does not.
///
/// ```
/// use webhook_core::wompi::{WompiEvent, WompiSubject};
///
/// fn on_event(event: WompiEvent) {
///     match event.subject {
///         WompiSubject::Transaction(transaction) if transaction.status == "APPROVED" => {
///             println!("{} was paid: {} cents", transaction.id, transaction.amount_in_cents);
///         }
///         other => println!("{other:?}"),
///     }
/// }
/// # use webhook_core::wompi::{WompiTransaction, WompiUnauthenticated};
/// # on_event(WompiEvent::new(
/// #     WompiSubject::Transaction(WompiTransaction::new("1234-1610641025-49201", "APPROVED", "4490000")),
/// #     1_530_291_411,
/// #     WompiUnauthenticated::new(webhook_core::Value::Null),
/// # ));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct WompiEvent<T = Value> {
    /// What the event is about, as far as the checksum covers it.
    pub subject: WompiSubject,
    /// `timestamp`: the time of the event, in seconds of Unix time. It stays the same when Wompi repeats the event.
    pub timestamp: u64,
    /// What the checksum does not cover: anyone who has seen one delivery can set it to anything.
    pub unauthenticated: WompiUnauthenticated<T>,
}

impl<T> WompiEvent<T> {
    /// Creates an event from all its parts.
    pub fn new(
        subject: WompiSubject,
        timestamp: u64,
        unauthenticated: WompiUnauthenticated<T>,
    ) -> Self {
        Self {
            subject,
            timestamp,
            unauthenticated,
        }
    }

    /// The transaction, if the event is about one.
    pub fn transaction(&self) -> Option<&WompiTransaction> {
        match &self.subject {
            WompiSubject::Transaction(transaction) => Some(transaction),
            WompiSubject::Token(_) => None,
        }
    }
}

/// What an event is about. The checksum covers what is in here, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WompiSubject {
    /// A transaction: `transaction.updated`.
    Transaction(WompiTransaction),
    /// A token for payments: `nequi_token.updated`, `bancolombia_transfer_token.updated`.
    Token(WompiToken),
}

/// The fields of a transaction that the checksum covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WompiTransaction {
    /// The id that Wompi gave it, such as `1234-1610641025-49201`.
    pub id: String,
    /// `APPROVED`, `DECLINED`, `VOIDED`, `ERROR` or `PENDING`.
    pub status: String,
    /// The amount in cents, with its digits exactly as sent.
    pub amount_in_cents: String,
}

impl WompiTransaction {
    /// Creates a transaction from all its parts.
    pub fn new(
        id: impl Into<String>,
        status: impl Into<String>,
        amount_in_cents: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            status: status.into(),
            amount_in_cents: amount_in_cents.into(),
        }
    }
}

/// The fields of a token that the checksum covers. Which kind of token it is, is not covered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WompiToken {
    /// The id that Wompi gave it, such as `nequi_prod_…`.
    pub id: String,
    /// `APPROVED`, `DECLINED` or `PENDING`.
    pub status: String,
}

impl WompiToken {
    /// Creates a token from all its parts.
    pub fn new(id: impl Into<String>, status: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            status: status.into(),
        }
    }
}

/// The parts of a delivery that its checksum **does not cover**. Show or log them, but do not act on them: ask the Wompi
/// API.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct WompiUnauthenticated<T = Value> {
    /// `event`: the kind of event, as claimed.
    pub event: Option<String>,
    /// `environment`: `prod` or `test`, as claimed. To know it, give each its own secret and label.
    pub environment: Option<String>,
    /// `sent_at`: when Wompi first sent the event, as claimed.
    pub sent_at: Option<String>,
    /// `data`: the whole object, with the covered fields and all others.
    pub payload: T,
}

impl<T> WompiUnauthenticated<T> {
    /// Creates the parts with this payload and nothing else.
    pub fn new(payload: T) -> Self {
        Self {
            event: None,
            environment: None,
            sent_at: None,
            payload,
        }
    }
}
