//! The endpoint of a request, where the sender has several and an app may have them on paths of its own.

use http::uri::PathAndQuery;
use webhook_core::Rejection;

use super::capture::Captured;
use crate::error::Error;
use crate::senders::Sender;

/// Names an endpoint in a request that names none, as a layer does that is built for one: its credential covers none.
pub(super) fn supply(sender: &Sender, captured: &mut Captured) -> Result<(), Error> {
    let endpoint = sender.particulars.endpoint;
    if endpoint.is_empty() || !sender.is_authenticated() {
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
    let target = format!("{path}/{endpoint}{}", query.unwrap_or_default());
    if let Ok(target) = target.parse::<PathAndQuery>() {
        *captured.request.uri_mut() = target.into();
        captured.notes.push(
            format!(
                "the path names no endpoint of this sender, so it is judged as one that ends with /{endpoint}: a layer on a path \
                 of your own is built for one endpoint"
            ),
        );
    }
    Ok(())
}
