use std::env;

use http::HeaderName;
use webhook_core::provider::Repeats;

use super::courier::Courier;
use super::delivery::Deliveries;
use crate::error::Error;
use crate::senders::Draft;
use crate::show::note;

/// Says what the user may not expect of the deliveries that are sent.
pub(super) fn before(
    courier: &Courier<'_>,
    deliveries: &Deliveries<'_>,
    is_secret_made: bool,
) -> Result<(), Error> {
    let (sender, args) = (courier.sender, courier.args);
    if is_secret_made && !args.json {
        note(&sender.advice_for_made());
    }
    let setting = sender.particulars.setting.as_ref();
    if let Some(setting) =
        setting.filter(|it| !it.of_handshakes && env::var_os(it.variable).is_none())
    {
        note(&format!(
            "{} is not set: set it to {}",
            setting.variable, setting.what
        ));
    }
    let timing = &courier.facts.timing;
    if args.follow && timing.attempts.len() < 2 {
        let what = match timing.repeats {
            Repeats::ByHand | Repeats::Never => "does not try again by itself",
            Repeats::Roughly(_) => "does not document when exactly it tries again",
            _ => "does not document whether it tries again",
        };
        note(&format!("{} {what}: one attempt is made", sender.name));
    }
    spoiling(courier, deliveries.without_headers()?)
}

/// Names each header of the command line without which the delivery is authentic, and with which it is not.
fn spoiling(courier: &Courier<'_>, draft: Draft) -> Result<(), Error> {
    let (sender, args) = (courier.sender, courier.args);
    let is_needed = |name| sender.signed_headers().contains(name);
    let with = |draft: Draft, (name, value): &(HeaderName, String)| {
        draft.with_header(name.clone(), value.clone())
    };
    // Without those that it signs as they are given, nothing can be signed at all.
    let (needed, others): (Vec<_>, Vec<_>) =
        args.headers.iter().partition(|(name, _)| is_needed(name));
    let mut draft = needed.into_iter().fold(draft, with);
    if others.is_empty() || !courier.is_proven(&draft)? {
        return Ok(());
    }
    for header in others {
        let longer = with(draft.clone(), header);
        if courier.is_proven(&longer)? {
            draft = longer;
            continue;
        }
        let name = &header.0;
        let what = match courier.facts.credential_headers.contains(name) {
            true => "the credential",
            false => "signed",
        };
        note(&format!(
            "{name} is {what}: with this value the delivery is not authentic"
        ));
    }
    Ok(())
}
