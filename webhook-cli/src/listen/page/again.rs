use std::time::SystemTime;

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, DATE, HeaderName, HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};
use http::{Request, Response, StatusCode};
use serde_json::json;
use url::form_urlencoded;
use webhook_core::Secret;

use super::super::forward::Forward;
use super::super::given::Given;
use super::super::mask::MASK;
use super::super::routes::{Receiver, Route};
use super::super::store::Kept;
use super::{Body, Page, answer, problem};
use crate::conclusion::Conclusion;
use crate::error::Error;
use crate::net::{Reach, Target};
use crate::senders::{Draft, Ids, Sender};

impl Page {
    /// Signs a delivery again and sends it.
    pub(super) async fn send_again(&self, id: &str) -> Response<Body> {
        let kept = match self.kept(id).await {
            Ok(kept) => kept,
            Err(response) => return response,
        };
        let (route, request) = match self.signed(&kept) {
            Ok(signed) => signed,
            Err(what) => return problem(StatusCode::CONFLICT, &what),
        };
        let receiver = route.receiver;
        let sent = request.clone();
        let (exchange, target) = match &self.receiving.forward {
            Some(forward) => (
                forward.send(&route, request).await,
                forward.target.url().to_string(),
            ),
            None => {
                let path = self.path_of(&kept, receiver);
                let url = format!("http://{}{path}", self.addr);
                let target = match Target::resolve(&url, Reach::ThisMachine).await {
                    Ok(target) => target,
                    Err(error) => return problem(StatusCode::CONFLICT, &error.to_string()),
                };
                let own = Forward { target, all: false };
                let route = Route {
                    receiver,
                    below: "",
                };
                (own.send(&route, request).await, url)
            }
        };
        let conclusion = Conclusion::of(&receiver.facts.timing, 0, &exchange);
        let given = match self.receiving.forward {
            Some(_) => Given::by_app(exchange),
            None => Given {
                exchange,
                by: "webhook-rs",
            },
        };
        answer(
            StatusCode::OK,
            &json!({
                "signed_anew": receiver.sender.is_authenticated(),
                "masked": masked_in(&kept, &sent),
                "target": target,
                "answer": given.kept(receiver, &sent),
                "failure": given.failure(),
                "conclusion": conclusion.lines(),
                "received": conclusion.received,
            }),
        )
    }

    /// Where this receives what arrived there, also if other senders are received now.
    fn path_of(&self, kept: &Kept, receiver: &Receiver) -> String {
        let path = kept.summary.path.split('?').next().unwrap_or_default();
        match self.receiving.routes.find(path) {
            Some(route) if route.receiver.sender.name == receiver.sender.name => path.to_owned(),
            _ => receiver.path(),
        }
    }

    /// The request that the sender would make of what is kept, or why there is none.
    fn signed<'a>(&'a self, kept: &'a Kept) -> Result<(Route<'a>, Request<Bytes>), String> {
        let summary = &kept.summary;
        let routes = &self.receiving.routes;
        let path = summary.path.split('?').next().unwrap_or_default();
        let receiver = routes.of(&summary.sender).ok_or_else(|| {
            format!(
                "{} is not received now: start `webhook-rs listen` with it",
                summary.sender
            )
        })?;
        let below = match routes.find(path) {
            Some(route) if route.receiver.sender.name == summary.sender => route.below,
            _ => "",
        };
        let body = kept.body.clone().ok_or(
            "the body was not kept, so there is nothing to sign: send it with `webhook-rs send`",
        )?;
        if summary.method != "POST" {
            return Err(format!(
                "this was a {}: only what is sent by POST is signed",
                summary.method
            ));
        }
        let sender = &receiver.sender;
        let secret = secret_of(receiver, kept.rest.label.as_deref())?;
        let (event, id) = (event_of(kept), id_of(kept)?);
        if [&event, &id]
            .map(|text| HeaderValue::from_str(text))
            .iter()
            .any(Result::is_err)
        {
            return Err("its id or its kind cannot be sent in a header".to_owned());
        }
        let draft = Draft::stored(event, id, Vec::new(), body);
        let request = signed_with(sender, secret, &draft, sent_headers(kept));
        let mut request = request.map_err(|error| error.to_string())?;
        add_query(&mut request, query_of(kept));
        Ok((Route { receiver, below }, request))
    }
}

/// What signs for a delivery: the secret with its label, or the first if it has none.
fn secret_of<'a>(
    receiver: &'a Receiver,
    label: Option<&str>,
) -> Result<Option<&'a Secret>, String> {
    let sender = &receiver.sender;
    if !sender.is_authenticated() {
        return Ok(None);
    }
    if receiver.signing.is_empty() {
        return Err(format!(
            "{} cannot be signed for with a public key: set {} to the private one",
            sender.name,
            sender.signing_variable()
        ));
    }
    let mut secrets = receiver.signing.iter();
    let found = secrets.find(|secret| match label {
        Some(label) => secret.label().is_some_and(|its| its.as_str() == label),
        None => true,
    });
    match (found, label) {
        (None, Some(label)) => Err(format!(
            "{} has no secret with the label {label} now: start `webhook-rs listen` with it",
            sender.name
        )),
        (found, _) => Ok(found),
    }
}

/// The query, as far as it is kept.
fn query_of(kept: &Kept) -> &str {
    let query = kept.summary.path.split_once('?');
    query.map(|(_, query)| query).unwrap_or_default()
}

/// Adds the parameters that are not made when it is signed.
fn add_query(request: &mut Request<Bytes>, kept: &str) {
    fn name(pair: &str) -> &str {
        pair.split('=').next().unwrap_or_default()
    }

    let uri = request.uri();
    let mut pairs: Vec<&str> = uri.query().unwrap_or_default().split('&').collect();
    let made: Vec<&str> = pairs.iter().copied().map(name).collect();
    pairs.extend(kept.split('&').filter(|pair| !made.contains(&name(pair))));
    pairs.retain(|pair| !pair.is_empty());
    let target = match pairs.is_empty() {
        true => uri.path().to_owned(),
        false => format!("{}?{}", uri.path(), pairs.join("&")),
    };
    if let Ok(target) = target.parse() {
        *request.uri_mut() = target;
    }
}

/// What is masked in what is sent: not what signing makes, such as a checksum in the body.
fn masked_in<'a>(kept: &'a Kept, sent: &Request<Bytes>) -> &'a [String] {
    let is_in = |text: &[u8]| memchr::memmem::find(text, MASK.as_bytes()).is_some();
    match is_in(sent.body()) || is_in(kept.summary.path.as_bytes()) {
        true => &kept.rest.masked,
        false => &[],
    }
}

/// What it is about. Where that is in the query, the sender's name for it is there.
fn event_of(kept: &Kept) -> String {
    let mut parameters = form_urlencoded::parse(query_of(kept).as_bytes());
    match parameters.find(|(name, _)| name == "type") {
        Some((_, topic)) => topic.into_owned(),
        None => kept.summary.kind.clone().unwrap_or_default(),
    }
}

/// What the sender called it: nobody has read that in what was refused. One of its own if it has none.
fn id_of(kept: &Kept) -> Result<String, String> {
    let sent = kept.rest.headers.iter();
    let mut sent = sent.filter(|(name, _)| matches!(name.as_str(), "webhook-id" | "svix-id"));
    match (&kept.summary.delivery_id, sent.next()) {
        (Some(id), _) | (None, Some((_, id))) => Ok(id.clone()),
        (None, None) => match Ids::random("webhook-rs-") {
            Ok(ids) => Ok(ids.text().to_owned()),
            Err(error) => Err(error.to_string()),
        },
    }
}

/// The headers of what was received, but for those that describe the message and not what it says.
fn sent_headers(kept: &Kept) -> Vec<(HeaderName, String)> {
    let headers = kept.rest.headers.iter();
    let headers = headers.filter_map(|(name, value)| Some((name.parse().ok()?, value.clone())));
    let describes = |name: &HeaderName| {
        [
            CONTENT_ENCODING,
            CONTENT_LENGTH,
            DATE,
            TRANSFER_ENCODING,
            USER_AGENT,
        ]
        .contains(name)
    };
    headers.filter(|(name, _)| !describes(name)).collect()
}

/// Signs a draft with as many of these headers as it is authentic with: the others, such as the time, are new.
fn signed_with(
    sender: &Sender,
    signing: Option<&Secret>,
    draft: &Draft,
    headers: Vec<(HeaderName, String)>,
) -> Result<Request<Bytes>, Error> {
    let now = SystemTime::now();
    let with = |draft: Draft, (name, value): &(HeaderName, String)| {
        draft.with_header(name.clone(), value.clone())
    };
    let Some(secret) = signing else {
        let draft = headers.iter().fold(draft.clone(), with);
        return sender.sign(&draft, now, None);
    };
    let judge = sender.judge(vec![sender.configured_secret(secret)?])?;
    // Without these it cannot be signed at all.
    let (signed, others): (Vec<_>, Vec<_>) = headers
        .into_iter()
        .partition(|(name, _)| sender.signed_headers().contains(name));
    let mut draft = signed.iter().fold(draft.clone(), with);
    let mut request = sender.sign(&draft, now, signing)?;
    let (made, added): (Vec<_>, Vec<_>) = others
        .into_iter()
        .partition(|(name, _)| request.headers().contains_key(name));
    // Those that signing does not make are seldom read, so they are tried all at once, and each only if one of them is.
    let mut tried = vec![added];
    tried.extend(made.into_iter().map(|header| vec![header]));
    while let Some(headers) = tried.pop() {
        let longer = headers.iter().fold(draft.clone(), with);
        let signed = sender.sign(&longer, now, signing)?;
        if judge.proof(&signed).is_ok() {
            (draft, request) = (longer, signed);
        } else if headers.len() > 1 {
            tried.extend(headers.into_iter().map(|header| vec![header]));
        }
    }
    Ok(request)
}
