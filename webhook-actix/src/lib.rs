#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod body;
mod extract;
mod head;
mod middleware;
mod response;

pub use self::body::ReplyBody;
pub use self::extract::{MissingWebhookLayer, Webhook, WebhookDelivery};
pub use self::middleware::{MulticajaValidationLayer, WebhookLayer, WebhookService};
#[doc(no_inline)]
pub use webhook_core::*;

/// The layer for TusFacturasAPP; its event is [`TfEvent`]. See [`tusfacturas`].
pub type TfWebhookLayer = WebhookLayer<TusFacturas>;

/// The layer for confirm and reject of Multicaja/Klap; its event is [`MulticajaEvent`]. See [`multicaja`].
pub type MulticajaWebhookLayer = WebhookLayer<Multicaja>;
