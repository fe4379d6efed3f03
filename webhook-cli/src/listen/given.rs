use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use webhook_core::Reply;

use super::entry::Answered;
use super::forward::remove_hop_by_hop;
use super::headers;
use super::mask::MASK;
use super::routes::Receiver;
use crate::net::{Answer, Exchange, Failure};

/// What is kept of the text of an answer.
const KEPT: usize = 64 * 1024;

/// Who gave an answer that is not this command's.
const APP: &str = "app";

/// An answer to a sender, or why there is none of the app's, and who gave it.
pub(super) struct Given {
    pub(super) exchange: Exchange,
    pub(super) by: &'static str,
}

impl Given {
    /// What a receiver would answer.
    pub(super) fn by_this(reply: &Reply, took: Duration) -> Self {
        Self {
            exchange: Exchange {
                took,
                result: Ok(answer(reply)),
            },
            by: "webhook-rs",
        }
    }

    pub(super) fn by_app(exchange: Exchange) -> Self {
        Self { exchange, by: APP }
    }

    /// What the sender gets, also if the app has not answered.
    pub(super) fn status(&self) -> StatusCode {
        match &self.exchange.result {
            Ok(answer) => answer.status,
            Err(Failure::TooLate(_) | Failure::HungUp(_)) => StatusCode::GATEWAY_TIMEOUT,
            Err(_) => StatusCode::BAD_GATEWAY,
        }
    }

    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        *response.status_mut() = self.status();
        if let Ok(answer) = &self.exchange.result {
            *response.headers_mut() = answer.headers.clone();
            remove_hop_by_hop(response.headers_mut());
            *response.body_mut() = Full::new(answer.body.clone());
        }
        response
    }

    /// The answer to a request as it is kept: without the credential of the request, which an app may show.
    pub(super) fn kept(&self, receiver: &Receiver, request: &Request<Bytes>) -> Option<Answered> {
        let answer = self.exchange.result.as_ref().ok()?;
        let credentials = &receiver.facts.credential_headers;
        let masks = &receiver.masks;
        let of_app = (self.by == APP)
            .then(|| masks.of_answer_to(request.headers(), request.body(), credentials));
        let masks = of_app.as_ref().unwrap_or(masks);
        let body = masks.body(&answer.body, &answer.headers).bytes;
        let body = body.unwrap_or_else(|| MASK.into());
        let beginning = body.get(..KEPT).unwrap_or(&body);
        Some(Answered {
            by: self.by.to_owned(),
            status: answer.status.as_u16(),
            headers: headers::of_answer(&answer.headers, masks),
            body: String::from_utf8_lossy(beginning).into_owned(),
        })
    }

    /// Why there is none.
    pub(super) fn failure(&self) -> Option<String> {
        self.exchange.result.as_ref().err().map(ToString::to_string)
    }
}

/// An answer to what is not kept. Its connection is closed: a body that was not read is not waited for.
pub(super) fn turned_away(reply: &Reply) -> Response<Full<Bytes>> {
    let answer = answer(reply);
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn answer(reply: &Reply) -> Answer {
    let mut headers: HeaderMap = reply.headers.iter().cloned().collect();
    if let Some(content_type) = &reply.content_type {
        headers.insert(CONTENT_TYPE, content_type.clone());
    }
    Answer {
        status: reply.status,
        headers,
        body: reply.body.clone(),
    }
}
