use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderName;
use serde_json::value::to_raw_value;

use super::{Accepted, BodyBuffer, EarlyReply, InFlight, Pending, Verifier};
use crate::answer::Rejection;
use crate::guarantee::{Envelope, StoreError, StoredDelivery, UnreadableRow};
use crate::head::{Head, HeaderField};
use crate::provider::{Deferrable, Provider};

/// Verifies deliveries of one sender that are stored now and handled later.
///
/// It does for an inbox what a [`Verifier`] does for a layer: [`begin`](Self::begin) judges the head, and what it returns
/// takes the body. A worker makes the delivery again with [`recall`](Self::recall). Clones are cheap.
pub struct Intake<P> {
    verifier: Verifier<P>,
    endpoint: Arc<str>,
    headers: Arc<[HeaderName]>,
    without_query: bool,
}

impl<P: Deferrable> Intake<P> {
    /// An intake for the endpoint that the app calls so.
    ///
    /// # Panics
    ///
    /// If the name is empty, longer than 64 bytes, or has a control character; or if the deliveries
    /// [prove nothing](Verifier::require_proof).
    #[track_caller]
    pub fn new(verifier: Verifier<P>, endpoint: &str) -> Self {
        verifier.require_proof();
        Self {
            verifier,
            endpoint: endpoint_name(endpoint),
            headers: Arc::default(),
            without_query: false,
        }
    }

    /// Also keeps these headers for the handler, each if it occurs once in the request.
    ///
    /// # Panics
    ///
    /// If one of them is a credential.
    #[track_caller]
    #[allow(
        clippy::panic,
        reason = "a mistake in the configuration, found before the first request"
    )]
    pub fn keep_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        const CREDENTIALS: [HeaderName; 3] = [
            http::header::AUTHORIZATION,
            http::header::COOKIE,
            http::header::PROXY_AUTHORIZATION,
        ];
        let names: Arc<[HeaderName]> = names.into_iter().collect();
        let own = self.verifier.provider().credential_headers();
        if let Some(name) = names
            .iter()
            .find(|name| own.contains(name) || CREDENTIALS.contains(name))
        {
            panic!("the header {name} carries a credential, which is never stored: do not keep it");
        }
        self.headers = names;
        self
    }

    /// Keeps no query: for an app that has put a secret of its own into the URL.
    pub fn without_query(mut self) -> Self {
        self.without_query = true;
        self
    }

    /// Judges the head.
    ///
    /// # Errors
    ///
    /// The answer, which is sent at once. The body must not be read then.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn begin(&self, head: &Head<'_>) -> Result<Incoming<P>, EarlyReply> {
        let pending = self.verifier.begin(head)?;
        let kept = |name: &HeaderName| match head.header(name) {
            HeaderField::Once(value) => {
                let value: String = value.iter().copied().map(char::from).collect();
                Some((name.as_str().into(), value.into()))
            }
            HeaderField::Absent | HeaderField::Repeated => None,
        };
        let mut target = self.verifier.provider().stored_target(head);
        if self.without_query {
            target.truncate(target.find('?').unwrap_or(target.len()));
        }
        Ok(Incoming {
            pending,
            verifier: self.verifier.clone(),
            endpoint: Arc::clone(&self.endpoint),
            target: target.into(),
            headers: self.headers.iter().filter_map(kept).collect(),
        })
    }
}

impl<P: Provider> Intake<P> {
    /// The endpoint.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The verifier.
    pub fn verifier(&self) -> &Verifier<P> {
        &self.verifier
    }

    /// Makes the delivery again that was stored: see [`Verifier::recall`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn recall(&self, stored: &StoredDelivery) -> Result<Accepted<P::Event>, UnreadableRow> {
        self.verifier.recall(stored)
    }
}

impl<P> Clone for Intake<P> {
    fn clone(&self) -> Self {
        Self {
            verifier: self.verifier.clone(),
            endpoint: Arc::clone(&self.endpoint),
            headers: Arc::clone(&self.headers),
            without_query: self.without_query,
        }
    }
}

impl<P: Provider> fmt::Debug for Intake<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("verifier", &self.verifier)
            .field("endpoint", &self.endpoint)
            .field("headers", &self.headers)
            .finish()
    }
}

/// Checks the app's name for an endpoint.
///
/// # Panics
///
/// If it is empty, longer than 64 bytes, or has a control character.
#[track_caller]
#[allow(
    clippy::panic,
    reason = "a mistake in the configuration, found before the first request"
)]
pub fn endpoint_name(name: &str) -> Arc<str> {
    if !(1..=64).contains(&name.len()) || name.contains(char::is_control) {
        panic!("an endpoint cannot be called {name:?}: give it a short name such as \"orders\"");
    }
    name.into()
}

/// A delivery for an inbox whose head was accepted and whose body has not arrived yet.
pub struct Incoming<P: Provider> {
    pending: Pending<P>,
    verifier: Verifier<P>,
    endpoint: Arc<str>,
    target: Box<str>,
    headers: Vec<(Box<str>, Box<str>)>,
}

impl<P: Provider> Incoming<P> {
    /// See [`Pending::buffer`].
    pub fn buffer(&self) -> BodyBuffer {
        self.pending.buffer()
    }

    /// See [`Pending::body_timeout`].
    pub fn body_timeout(&self) -> Duration {
        self.pending.body_timeout()
    }

    /// Authenticates and decodes the whole body, and returns what is to be stored.
    ///
    /// # Errors
    ///
    /// The answer, if there is nothing to store.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once")]
    pub fn finish_or_refuse(self, body: Result<Bytes, Rejection>) -> Result<Storing, EarlyReply> {
        let Self {
            pending,
            verifier,
            endpoint,
            target,
            headers,
        } = self;
        let body = match body {
            Ok(body) => body,
            Err(rejection) => return Err(pending.refuse(rejection)),
        };
        let (accepted, facts) = pending.finish_with(body, |facts| to_raw_value(facts).ok())?;
        let Accepted {
            delivery,
            mut in_flight,
        } = accepted;
        let facts = facts.filter(|facts| facts.get().starts_with('{'));
        if facts.is_none() {
            let why = "its facts are not a JSON object: make `Provider::Facts` a struct with named fields";
            let error = StoreError::new("store a delivery", why);
            return Err(EarlyReply::settled(in_flight.store_failed(&error)));
        }
        let id = delivery.id();
        let shown = id.as_ref().map(|id| id.to_string().into());
        let identity = id.and_then(|id| verifier.trusted(id, &endpoint));
        if identity.is_none() {
            in_flight.unrecognizable();
        }
        let provider = verifier.provider();
        let envelope = Envelope {
            facts,
            label: delivery.label().map(|label| label.as_str().into()),
            is_tenant: delivery.is_of_tenant(),
            id: shown,
            target,
            headers,
            sealed: false,
        };
        let delivery = StoredDelivery {
            format: StoredDelivery::FORMAT,
            sender: provider.name().into(),
            endpoint: (&*endpoint).into(),
            // A sender of the app's own might return text of the request, and PostgreSQL stores no NUL.
            kind: provider.kind(delivery.event()).replace('\0', "").into(),
            key: identity.map(|identity| identity.key().into()),
            keep_key: provider.timing().keep_ids(),
            received_at: SystemTime::now(),
            envelope,
            body: delivery.body().clone(),
        };
        Ok(Storing {
            delivery,
            in_flight,
        })
    }
}

impl<P: Provider> fmt::Debug for Incoming<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("pending", &self.pending)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// An authentic delivery that is to be stored, and what answers its sender after that.
#[derive(Debug)]
#[non_exhaustive]
pub struct Storing {
    /// What is stored.
    pub delivery: StoredDelivery,
    /// What answers the sender: [`InFlight::stored`], [`InFlight::store_failed`], [`InFlight::too_late`].
    pub in_flight: InFlight,
}
