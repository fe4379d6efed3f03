//! What each fuzz target does with its input, as plain functions: `fuzz_target!` calls them with what libFuzzer makes
//! up, and `tests/corpus.rs` with the seeds, on any toolchain.
//!
//! Each holds the crate against a second reading of the sender's rules, written here from its documentation, as simply
//! as can be and without looking at cost: the two must agree on what is accepted and on what it decodes to.

mod event;
mod forms;
mod json;
mod multicaja;
mod request;
mod secrets;
mod signed;
mod tusfacturas;

/// Whether the input was accepted. A corpus that is refused throughout, or accepted throughout, attacks nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Refused,
}

/// A target by its name, which is also that of its file and of its folder of seeds.
pub type Attack = (&'static str, fn(&[u8]) -> Outcome);

pub const ALL: [Attack; 11] = [
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
];

/// Runs one target.
#[allow(dead_code, reason = "for the fuzz targets, each of which is one")]
pub fn run(name: &str, input: &[u8]) -> Outcome {
    let (_, attack) = ALL
        .into_iter()
        .find(|(other, _)| *other == name)
        .expect("a target of that name");
    attack(input)
}
