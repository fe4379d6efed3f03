//! Forged events in the forms that a receiver seldom gets. What parses a body may look at some forms only, and where it also
//! verifies, the others pass.

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};

use super::case::{Case, Skip};
use super::kit::{Kit, in_chunks, with_body};
use super::proof::Proven;

const SKIPPED: &str =
    "what verifies is not run for such a request, so anyone who knows the URL can forge an event";

/// A credential that proves nothing: its name, its words, and an event with it.
type Credential = (&'static str, &'static str, fn(&Kit<'_>) -> Made);
/// The form of a request: its name, its words, and what makes it.
type Form = (
    &'static str,
    &'static str,
    fn(Request<Bytes>) -> Request<Bytes>,
);
type Made = Result<Request<Bytes>, Skip>;

const CREDENTIALS: [Credential; 2] = [
    ("forged", "signed with another secret", |kit| {
        kit.forged(&kit.draft()?)
    }),
    ("unsigned", "no credential", |kit| {
        Proven::new(kit)?.without()
    }),
];

const FORMS: [Form; 7] = [
    ("as-text", "as `text/plain`", |request| {
        of_type(request, "text/plain")
    }),
    ("as-form", "as a form", |request| {
        of_type(request, "application/x-www-form-urlencoded")
    }),
    ("as-multipart", "as a multipart form", |request| {
        of_type(request, "multipart/form-data; boundary=webhook-check")
    }),
    ("encoded", "with a Content-Encoding", |mut request| {
        let gzip = HeaderValue::from_static("gzip");
        request.headers_mut().insert(CONTENT_ENCODING, gzip);
        request
    }),
    ("untyped", "without a Content-Type", |mut request| {
        request.headers_mut().remove(CONTENT_TYPE);
        request
    }),
    (
        "in-chunks",
        "in chunks, without a Content-Length",
        in_chunks,
    ),
    ("empty", "with an empty body", |request| {
        with_body(request, Bytes::new())
    }),
];

pub(super) fn cases() -> Vec<Case> {
    let all = CREDENTIALS
        .into_iter()
        .flat_map(|credential| FORMS.map(|form| (credential, form)));
    all.map(|((name, sent, make), (form, in_form, change))| {
        Case::refused(
            format!("{name}-{form}"),
            format!("{sent}, {in_form}"),
            SKIPPED,
            move |kit| make(kit).map(change),
        )
    })
    .collect()
}

fn of_type(mut request: Request<Bytes>, content_type: &'static str) -> Request<Bytes> {
    let value = HeaderValue::from_static(content_type);
    request.headers_mut().insert(CONTENT_TYPE, value);
    request
}
