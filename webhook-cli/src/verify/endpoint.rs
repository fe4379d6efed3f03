//! The endpoint of a request, where the sender has several and an app may have them on paths of its own.

use http::uri::PathAndQuery;
use webhook_core::Rejection;

use super::capture::Captured;
use crate::error::Error;
use crate::senders::Sender;

/// The sender with such endpoints, and the one that is supplied.
const SENDER: &str = "multicaja";
const ENDPOINT: &str = "webhook_confirm";

/// Names an endpoint in a request that names none, as a layer does that is built for one: its credential covers none.
pub(super) fn supply(sender: &Sender, captured: &mut Captured) -> Result<(), Error> {
    if sender.name != SENDER {
        return Ok(());
    }
    // Where it is read from the request is the core's to say, whatever the secret.
    let judge = sender.judge(vec![sender.generate_secret()?])?;
    let is_unnamed = judge
        .proof(&captured.request)
        .is_err_and(|it| matches!(it.rejection, Rejection::EndpointUnnamed));
    if !is_unnamed {
        return Ok(());
    }
    let uri = captured.request.uri();
    let path = uri.path().trim_end_matches('/');
    let query = uri.query().map(|query| format!("?{query}"));
    let target = format!("{path}/{ENDPOINT}{}", query.unwrap_or_default());
    if let Ok(target) = target.parse::<PathAndQuery>() {
        *captured.request.uri_mut() = target.into();
        captured.notes.push(
            "the path names neither confirm nor reject, so it is judged as a confirm: a layer on a path of your own is built with \
             `::confirm` or `::reject`"
                .to_owned(),
        );
    }
    Ok(())
}
