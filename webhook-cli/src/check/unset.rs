//! Credentials that are right for an app that was started without its secret.

use bytes::Bytes;
use http::Request;

use super::case::{Case, Skip};
use super::kit::Kit;
use super::proof::Proven;

const STARTED: &str = "where the app is started without its secret, anyone can forge an event";

pub(super) fn cases() -> Vec<Case> {
    let of = |name: &'static str, sent: &'static str, text: &'static str| {
        Case::refused(name, sent, STARTED, move |kit| with(kit, text))
    };
    vec![
        of(
            "unset-secret",
            "with `undefined` as the secret, as JavaScript writes what is not set",
            "undefined",
        ),
        of(
            "unset-secret-none",
            "with `None` as the secret, as Python writes it",
            "None",
        ),
        of("unset-secret-null", "with `null` as the secret", "null"),
        of("unset-secret-empty", "with a secret that is empty", ""),
    ]
}

fn with(kit: &Kit<'_>, text: &str) -> Result<Request<Bytes>, Skip> {
    let proven = Proven::new(kit)?;
    // What is the same in every delivery is the secret itself.
    if proven.digest() == Proven::new(kit)?.digest() {
        return match text.is_empty() {
            true => Err(Skip::because(
                "this sender signs nothing: see credential-empty",
            )),
            false => proven.with(|_| text.as_bytes().to_vec()),
        };
    }
    kit.signed_with_text(&kit.draft()?, text)
        .map_err(|_| Skip::because("an app of this sender does not start with such a secret"))
}
