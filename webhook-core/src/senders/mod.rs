//! One folder per sender. None refers to another.

pub mod github;
pub mod mercadopago;
pub mod multicaja;
pub(crate) mod presets;
pub mod standard_webhooks;
pub mod stripe;
pub mod tusfacturas;
pub mod unsigned;
pub mod wompi;
