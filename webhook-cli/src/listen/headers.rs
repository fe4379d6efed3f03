use http::header::{CONNECTION, HOST};
use http::{HeaderMap, HeaderName};

use super::mask::Masks;

/// Headers of requests that are kept: those that senders document, and none with a credential.
const OF_REQUESTS: [&str; 44] = [
    "accept",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "idempotency-key",
    "linear-delivery",
    "linear-event",
    "linear-timestamp",
    "svix-id",
    "svix-timestamp",
    "transfer-encoding",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "x-date",
    "x-github-delivery",
    "x-github-event",
    "x-github-hook-id",
    "x-github-hook-installation-target-id",
    "x-github-hook-installation-target-type",
    "x-gitlab-event",
    "x-gitlab-event-uuid",
    "x-gitlab-instance",
    "x-gitlab-webhook-uuid",
    "x-kushki-id",
    "x-request-id",
    "x-retry",
    "x-shopify-api-version",
    "x-shopify-event-id",
    "x-shopify-shop-domain",
    "x-shopify-topic",
    "x-shopify-triggered-at",
    "x-shopify-webhook-id",
    "x-signature-timestamp",
    "x-slack-request-timestamp",
    "x-slack-retry-num",
    "x-slack-retry-reason",
    "x-wc-webhook-delivery-id",
    "x-wc-webhook-event",
    "x-wc-webhook-id",
    "x-wc-webhook-resource",
    "x-wc-webhook-source",
    "x-wc-webhook-topic",
];

/// Headers of answers that are kept: an app may set a cookie.
const OF_ANSWERS: [&str; 9] = [
    "allow",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "server",
    "x-request-id",
    "x-slack-no-retry",
];

/// What is kept of headers.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) headers: Vec<(String, String)>,
    /// The names of the others.
    pub(super) hidden: Vec<String>,
}

/// What is kept of a request's headers.
pub(super) fn of_request(headers: &HeaderMap, credentials: &[HeaderName], masks: &Masks) -> Shown {
    shown(headers, &OF_REQUESTS, credentials, masks)
}

/// What is kept of an answer's headers.
pub(super) fn of_answer(headers: &HeaderMap, masks: &Masks) -> Vec<(String, String)> {
    shown(headers, &OF_ANSWERS, &[], masks).headers
}

fn shown(
    headers: &HeaderMap,
    allowed: &[&str],
    credentials: &[HeaderName],
    masks: &Masks,
) -> Shown {
    let mut shown = Shown::default();
    for name in headers.keys() {
        if allowed.contains(&name.as_str()) && !credentials.contains(name) {
            for value in headers.get_all(name) {
                let value = String::from_utf8_lossy(value.as_bytes());
                shown.headers.push((name.to_string(), masks.text(&value)));
            }
        } else if name != HOST && name != CONNECTION {
            shown.hidden.push(masks.text(name.as_str()));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::HeaderValue;

    use super::super::mask::Secrets;
    use super::*;
    use crate::senders::Particulars;

    #[test]
    fn a_credential_is_hidden_even_in_a_header_that_is_kept_otherwise() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "text/plain"),
            ("x-request-id", "of-this-sender"),
            ("authorization", "Bearer x"),
            ("user-agent", "a secret-of-the-app b"),
            ("host", "127.0.0.1:4000"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let secrets = Arc::new(Secrets::new(["secret-of-the-app"]));
        let masks = Masks::new(&Particulars::default(), secrets);
        let credentials = [HeaderName::from_static("x-request-id")];
        let shown = of_request(&headers, &credentials, &masks);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut kept = shown.headers;
        kept.sort();
        assert_eq!(
            kept,
            [
                pair("content-type", "text/plain"),
                pair("user-agent", "a (masked) b")
            ]
        );
        let mut hidden = shown.hidden;
        hidden.sort();
        assert_eq!(hidden, ["authorization", "x-request-id"]);
        assert_eq!(of_answer(&headers, &masks).len(), 2);
    }
}
