use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{Request, Response, StatusCode};
use serde_json::json;

use super::super::forward::Forward;
use super::super::headers::of_answer;
use super::super::routes::{Receiver, Route};
use super::super::store::Kept;
use super::{Body, Page, answer, problem};
use crate::conclusion::Conclusion;
use crate::net::{Reach, Target};
use crate::senders::Draft;

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
        let masks = &receiver.masks;
        let shown = exchange.result.as_ref().ok().map(|answer| {
            let body = masks.body(&answer.body, &answer.headers).bytes;
            json!({
                "by": if self.receiving.forward.is_some() { "app" } else { "webhook-rs" },
                "status": answer.status.as_u16(),
                "headers": of_answer(&answer.headers, masks),
                "body": String::from_utf8_lossy(&body.unwrap_or_default()),
            })
        });
        let failure = exchange.result.as_ref().err().map(ToString::to_string);
        answer(
            StatusCode::OK,
            &json!({
                "signed_anew": receiver.sender.is_authenticated(),
                "masked": kept.rest.masked,
                "target": target,
                "answer": shown,
                "failure": failure,
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
                sender.variable.replace("PUBLIC", "PRIVATE")
            ));
        }
        let draft = Draft::stored(
            summary.kind.clone().unwrap_or_default(),
            summary.delivery_id.clone().unwrap_or_default(),
            signed_headers(receiver, kept),
            body,
        );
        let request = sender
            .sign(&draft, SystemTime::now(), receiver.signing.as_ref())
            .map_err(|error| error.to_string())?;
        Ok((Route { receiver, below }, request))
    }
}

/// The headers that are not made when it is signed.
fn signed_headers(receiver: &Receiver, kept: &Kept) -> Vec<(HeaderName, String)> {
    let is_made = |name: &HeaderName| {
        let name = name.as_str();
        name.ends_with("timestamp")
            || name.starts_with("content-") && name != CONTENT_TYPE.as_str()
            || match name {
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
