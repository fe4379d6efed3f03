//! One folder per sender. None refers to another.

pub mod github;
pub mod mercadopago;
pub mod multicaja;
pub mod standard_webhooks;
pub mod stripe;
pub mod tusfacturas;
pub mod unsigned;
pub mod wompi;
