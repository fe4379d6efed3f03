//! What may have happened to a request on its way, and what undoes it.

pub(super) mod body;
mod escapes;
pub(super) mod header;
mod layout;
pub(super) mod signed_ids;
pub(super) mod spelling;
mod tokens;

use bytes::Bytes;
use http::Request;

/// What may have happened to a request on its way, and the request without it.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// The name of what happened, for scripts: one, or two for two changes.
    pub(super) causes: Vec<&'static str>,
    /// What happened, in words.
    pub(super) happened: String,
    /// How the request is then, after "with".
    pub(super) undone: String,
    /// What to do about it.
    pub(super) advice: &'static str,
    /// What is tried with it, in a few words: one, or two for two changes.
    pub(super) tried: Vec<String>,
    /// The request with the change undone.
    pub(super) request: Request<Bytes>,
}

/// A diagnosis: with this, the signature matches.
#[derive(Clone, Debug)]
pub(super) struct Diagnosis {
    pub(super) causes: Vec<&'static str>,
    pub(super) happened: String,
    pub(super) undone: String,
    pub(super) advice: &'static str,
    /// The request that is authentic.
    pub(super) request: Request<Bytes>,
    /// The number of the secret that it is authentic with, from 1.
    pub(super) secret: Option<usize>,
}

impl Change {
    pub(super) fn shown(self, secret: Option<usize>) -> Diagnosis {
        Diagnosis {
            causes: self.causes,
            happened: self.happened,
            undone: self.undone,
            advice: self.advice,
            request: self.request,
            secret,
        }
    }
}

/// The same request with another body.
fn with_body(request: &Request<Bytes>, body: Vec<u8>) -> Request<Bytes> {
    let mut changed = request.clone();
    *changed.body_mut() = Bytes::from(body);
    changed
}
