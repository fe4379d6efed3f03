use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use serde_json::json;
use url::form_urlencoded;

use super::super::forward::Forward;
use super::super::given::Given;
use super::super::routes::{Receiver, Route};
use super::super::store::Kept;
use super::{Body, Page, answer, problem};
use crate::conclusion::Conclusion;
use crate::net::{Reach, Target};
use crate::senders::{Draft, Ids};

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
        let (exchange, target) = match &self.receiving.forward {
            Some(forward) => (
                forward.send(&route, request).await,
                forward.target.url().to_string(),
            ),
            None => {
                let path = kept.summary.path.split('?').next().unwrap_or_default();
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
                "masked": kept.rest.masked,
                "target": target,
                "answer": given.kept(&receiver.masks),
                "failure": given.failure(),
                "conclusion": conclusion.lines(),
                "received": conclusion.received,
            }),
        )
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
        if sender.is_authenticated() && receiver.signing.is_none() {
            return Err(format!(
                "{} cannot be signed for with a public key: set {} to the private one",
                sender.name,
                sender.signing_variable()
            ));
        }
        let (event, id) = (event_of(kept), id_of(kept)?);
        if [&event, &id]
            .map(|text| HeaderValue::from_str(text))
            .iter()
            .any(Result::is_err)
        {
            return Err("its id or its kind cannot be sent in a header".to_owned());
        }
        let draft = Draft::stored(event, id, signed_headers(receiver, kept), body);
        let request = sender
            .sign(&draft, SystemTime::now(), receiver.signing.as_ref())
            .map_err(|error| error.to_string())?;
        Ok((Route { receiver, below }, request))
    }
}

/// What it is about. Where that is in the query, the sender's name for it is there.
fn event_of(kept: &Kept) -> String {
    let query = kept.summary.path.split_once('?').map(|(_, query)| query);
    let mut parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
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

/// The headers that are not made when it is signed.
fn signed_headers(receiver: &Receiver, kept: &Kept) -> Vec<(HeaderName, String)> {
    let is_made = |name: &HeaderName| {
        let name = name.as_str();
        name.ends_with("timestamp")
            || name.starts_with("content-") && name != CONTENT_TYPE.as_str()
            || match name {
                "webhook-id" | "svix-id" => receiver.sender.name == "standard-webhooks",
                "date" | "transfer-encoding" | "user-agent" | "x-date" | "x-kushki-id" => true,
                "x-request-id" => receiver.sender.name == "mercadopago",
                _ => false,
            }
    };
    let headers = kept.rest.headers.iter();
    headers
        .filter_map(|(name, value)| Some((name.parse().ok()?, value.clone())))
        .filter(|(name, _)| !is_made(name))
        .collect()
}
