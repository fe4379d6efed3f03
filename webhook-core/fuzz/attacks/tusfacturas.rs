use std::sync::LazyLock;

use webhook_core::driver::Verifier;
use webhook_core::tusfacturas::TusFacturas;

use super::request::{self, Request};
use super::{Outcome, event};

const TOKENS: [(&str, &str); 2] = [
    ("pdv-1", "t0ken-of-point-of-sale-1"),
    ("pdv-2", "t0ken-of-point-of-sale-2 with spaces"),
];

static VERIFIER: LazyLock<Verifier<TusFacturas>> =
    LazyLock::new(|| Verifier::try_new(TOKENS).unwrap());

pub fn deliver(input: &[u8]) -> Outcome {
    let mut request = Request::parse(input);
    request.fill("{1}", TOKENS[0].1);
    request.fill("{2}", TOKENS[1].1);
    let naive = || {
        let token = request.once("tf-webhooktoken")?;
        let (label, _) = TOKENS.iter().find(|(_, known)| known.as_bytes() == token)?;
        Some((*label, event::naive(&request.body)?))
    };
    request::deliver(
        &VERIFIER,
        &TOKENS.map(|(_, token)| token),
        &request,
        naive,
        |(label, event), accepted| {
            assert_eq!(accepted.delivery.event(), event);
            assert_eq!(
                accepted.delivery.label().map(|label| label.as_str()),
                Some(*label)
            );
        },
    )
}
