//! What each fuzz target does with its input, as plain functions: `fuzz_target!` calls them with libFuzzer's inputs,
//! and `tests/corpus.rs` with the seeds, on any toolchain.
//!
//! Each checks the crate against a second reading of the sender's rules, written from its documentation as simply as
//! possible, whatever the cost: the two must agree on what is accepted and on what it decodes to.

mod event;
mod forms;
mod json;
mod multicaja;
mod request;
mod scheme;
mod secrets;
mod signed;
mod tusfacturas;

/// Whether the input was accepted. A corpus that is all refused or all accepted attacks nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Refused,
}

/// A target and its name, which is also that of its file and its folder of seeds.
pub type Attack = (&'static str, fn(&[u8]) -> Outcome);

pub const ALL: [Attack; 12] = [
    ("tusfacturas", tusfacturas::deliver),
    ("multicaja", multicaja::deliver),
    ("multicaja_validation", multicaja::validate),
    ("standard_webhooks", signed::standard_webhooks),
    ("github", signed::github),
    ("stripe", signed::stripe),
    ("mercadopago", signed::mercadopago),
    ("event", event::decode),
    ("forms", forms::read),
    ("signature_headers", signed::headers),
    ("secrets", secrets::change),
    ("scheme", scheme::deliver),
];

/// Runs one target.
#[allow(dead_code, reason = "for the fuzz targets, each of which runs one")]
pub fn run(name: &str, input: &[u8]) -> Outcome {
    let (_, attack) = ALL
        .into_iter()
        .find(|(other, _)| *other == name)
        .expect("a target of that name");
    attack(input)
}
