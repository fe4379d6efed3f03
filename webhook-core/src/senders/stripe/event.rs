use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A Stripe delivery. The signature covers all of it.
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::Value;
/// use webhook_core::stripe::StripeEvent;
///
/// #[derive(Clone, Deserialize)]
/// struct Event {
///     id: String,
///     r#type: String,
///     data: Value,
/// }
///
/// fn on_event(event: StripeEvent<Event>) {
///     println!("{} {}", event.payload.r#type, event.payload.id);
/// }
/// # on_event(StripeEvent::new(
/// #     1_614_265_330,
/// #     Event { id: "evt_1".into(), r#type: "charge.succeeded".into(), data: Value::Null },
/// # ));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StripeEvent<T = Value> {
    /// `t`: when this attempt was made, in seconds of Unix time.
    pub timestamp: u64,
    /// The body.
    pub payload: T,
}

impl<T> StripeEvent<T> {
    /// Creates a delivery from all its parts.
    pub fn new(timestamp: u64, payload: T) -> Self {
        Self { timestamp, payload }
    }
}

/// A thin event (`object` is `v2.core.event`), as a payload type: it names what changed, and the app asks the API for
/// it. Other fields are ignored.
///
/// ```
/// use webhook_core::stripe::StripeThinEvent;
///
/// let event: StripeThinEvent = serde_json::from_str(
///     r#"{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered",
///         "livemode":true,"created":"2024-09-17T06:20:52.246Z","context":null,
///         "related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"}}"#,
/// )?;
/// assert_eq!(event.related_object.unwrap().url.as_deref(), Some("/v1/billing/meters/mtr_1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Source: the Stripe documentation, "Event destinations", section "Thin events".
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StripeThinEvent {
    /// The id of the event, which stays the same when it is repeated.
    pub id: String,
    /// What happened, such as `v1.billing.meter.error_report_triggered`.
    pub r#type: String,
    /// When it happened, in RFC 3339.
    pub created: Option<String>,
    /// Whether it is from live mode.
    pub livemode: Option<bool>,
    /// The account that it is about, in an organization or a connected platform.
    pub context: Option<String>,
    /// The object that it is about; some events have none.
    pub related_object: Option<StripeRelatedObject>,
}

/// `related_object` of a [`StripeThinEvent`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StripeRelatedObject {
    /// The id of the object.
    pub id: String,
    /// The type of the object, such as `billing.meter`.
    pub r#type: String,
    /// Its path in the API.
    pub url: Option<String>,
}
