use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};
use http::{HeaderName, Method, Request, Uri};
use webhook_core::testing::any_secret;
use webhook_core::{RejectionClass, Secret};

use super::case::Skip;
use crate::error::Error;
use crate::net::Target;
use crate::senders::{Draft, Facts, Ids, Judge, Sample, Sender, Verdict};

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the secrets of strangers are for: to see which part of a request depends on the secret.
const STRANGERS: usize = 4;

/// What requests are made with, and judged by.
pub(super) struct Kit<'a> {
    pub(super) sender: &'a Sender,
    pub(super) facts: Facts,
    pub(super) target: Target,
    /// What most deliveries are about.
    pub(super) sample: &'a Sample,
    /// Headers of the user's, for each delivery.
    headers: &'a [(HeaderName, String)],
    secret: Option<Secret>,
    strangers: Vec<Secret>,
    judge: Box<dyn Judge>,
    /// Why the first delivery was not received, if it was not: of what is not received for the same reason, nothing else is
    /// known.
    pub(super) first_not_received: OnceLock<Option<String>>,
    /// Set once the receiver has answered: before that, it may just not run.
    pub(super) has_answered: OnceLock<()>,
    /// The path that requests are judged with, if that of the receiver is one of its own.
    judged_path: Option<String>,
}

impl<'a> Kit<'a> {
    /// `secrets` are those to sign with: all of them are configured, the first one signs.
    pub(super) fn new(
        sender: &'a Sender,
        target: Target,
        secrets: &[Secret],
        event: Option<&str>,
        headers: &'a [(HeaderName, String)],
    ) -> Result<Self, Error> {
        let configured = secrets
            .iter()
            .map(|secret| sender.configured_secret(secret));
        let judge = sender.judge(configured.collect::<Result<_, _>>()?)?;
        let strangers = match sender.is_authenticated() {
            true => (0..STRANGERS)
                .map(|_| sender.generate_secret())
                .collect::<Result<_, _>>()?,
            false => Vec::new(),
        };
        let mut kit = Self {
            facts: sender.facts(),
            sample: sender.sample(event)?,
            secret: secrets.first().cloned(),
            first_not_received: OnceLock::new(),
            has_answered: OnceLock::new(),
            judged_path: None,
            headers,
            sender,
            target,
            strangers,
            judge,
        };
        kit.settle_path()?;
        if event.is_none() {
            kit.settle_sample()?;
        }
        Ok(kit)
    }

    /// A receiver may have a path of its own, where only it knows which endpoint that is.
    fn settle_path(&mut self) -> Result<(), Error> {
        let draft = self.draft()?;
        let request = self.signed(&draft)?;
        if let Verdict::Refused { rejection, .. } = self.verdict(&request)
            && rejection.class() == RejectionClass::Endpoint
        {
            let own = self
                .sender
                .sign(&draft, SystemTime::now(), self.secret.as_ref())?;
            self.judged_path = Some(own.uri().path().to_owned());
        }
        Ok(())
    }

    /// At a URL for one kind of event, that kind is sent.
    fn settle_sample(&mut self) -> Result<(), Error> {
        let request = self.signed(&self.draft()?)?;
        if let Verdict::Authentic(authentic) = self.verdict(&request) {
            let of_this_kind = |sample: &&Sample| sample.name == authentic.kind;
            if let Some(sample) = self.sender.samples.iter().find(of_this_kind) {
                self.sample = sample;
            }
        }
        Ok(())
    }

    /// What the sender also sends to this URL.
    pub(super) fn other_samples(&self) -> Result<Vec<&'a Sample>, Error> {
        let path = |sample: &Sample| -> Result<String, Error> {
            let draft = self.draft_of(sample)?;
            let request = self
                .sender
                .sign(&draft, SystemTime::now(), self.secret.as_ref())?;
            Ok(request.uri().path().to_owned())
        };
        let own = path(self.sample)?;
        let mut others = Vec::new();
        for sample in &self.sender.samples {
            if sample.name != self.sample.name && path(sample)? == own {
                others.push(sample);
            }
        }
        Ok(others)
    }

    /// A delivery with ids of its own.
    pub(super) fn draft(&self) -> Result<Draft, Error> {
        self.draft_of(self.sample)
    }

    /// A delivery like another sample.
    pub(super) fn draft_of(&self, sample: &Sample) -> Result<Draft, Error> {
        let ids = Ids::random("webhook-check-")?;
        let draft = Draft::new(sample, &ids, SystemTime::now())?;
        let headers = self.headers.iter().cloned();
        Ok(headers.fold(draft, |draft, (name, value)| draft.with_header(name, value)))
    }

    /// The draft, signed now.
    pub(super) fn signed(&self, draft: &Draft) -> Result<Request<Bytes>, Error> {
        self.signed_at(draft, SystemTime::now())
    }

    /// The draft, signed at another time.
    pub(super) fn signed_at(&self, draft: &Draft, at: SystemTime) -> Result<Request<Bytes>, Error> {
        self.signed_by(draft, at, self.secret.as_ref())
    }

    /// The draft, signed by each of some strangers.
    pub(super) fn signed_by_strangers(
        &self,
        draft: &Draft,
        at: SystemTime,
    ) -> Result<Vec<Request<Bytes>>, Error> {
        self.strangers
            .iter()
            .map(|secret| self.signed_by(draft, at, Some(secret)))
            .collect()
    }

    /// The draft, signed with a secret that nobody has configured.
    pub(super) fn forged(&self, draft: &Draft) -> Result<Request<Bytes>, Skip> {
        let forged = self.signed_by(draft, SystemTime::now(), self.strangers.first())?;
        match self.sender.is_authenticated() {
            true => Ok(forged),
            false => Err(Skip::without_credential()),
        }
    }

    /// A request with none of the headers that its sender has, but for those of the user's and what says what the body is.
    pub(super) fn bare(&self, mut request: Request<Bytes>) -> Request<Bytes> {
        let headers = request.headers().clone();
        let is_kept = |name: &HeaderName| {
            [CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT].contains(name)
                || self.headers.iter().any(|(own, _)| own == name)
        };
        for name in headers.keys().filter(|name| !is_kept(name)) {
            request.headers_mut().remove(name);
        }
        request
    }

    /// The draft, signed with this text as the key, which no sender would issue.
    pub(super) fn signed_with_text(
        &self,
        draft: &Draft,
        text: &str,
    ) -> Result<Request<Bytes>, Error> {
        let now = SystemTime::now();
        if !text.is_empty() {
            let secret = Secret::new(text).map_err(|error| Error::usage(error.to_string()))?;
            return self.signed_by(draft, now, Some(&secret));
        }
        // No signer takes an empty key. HMAC fills a short one with zeros, so with one zero it makes the same of it; what
        // hashes the key as it is, such as Klap, takes the empty one.
        let zero = Secret::new("\0").map_err(|error| Error::usage(error.to_string()))?;
        let request = self.signed_by(draft, now, Some(&zero))?;
        let empty = self.sender.judge(vec![any_secret("")])?;
        match empty.judge(&self.as_judged(&request), now) {
            Verdict::Refused { .. } => self.signed_by(draft, now, Some(&any_secret(""))),
            _ => Ok(request),
        }
    }

    fn signed_by(
        &self,
        draft: &Draft,
        at: SystemTime,
        secret: Option<&Secret>,
    ) -> Result<Request<Bytes>, Error> {
        let mut request = self.sender.sign(draft, at, secret)?;
        self.target.apply(&mut request)?;
        Ok(request)
    }

    /// Whether a part of the query is the sender's.
    pub(super) fn adds_to_query(&self) -> Result<bool, Error> {
        let draft = self.draft()?;
        let own = self
            .sender
            .sign(&draft, SystemTime::now(), self.secret.as_ref())?;
        Ok(own.uri().query().is_some())
    }

    /// What a receiver must make of a request that arrives now: the core's answer.
    pub(super) fn verdict(&self, request: &Request<Bytes>) -> Verdict {
        self.judge
            .judge(&self.as_judged(request), SystemTime::now())
    }

    /// Whether the credential of a request is right, whatever its time and the rest of it.
    pub(super) fn is_proven(&self, request: &Request<Bytes>) -> bool {
        matches!(self.judge.proof(&self.as_judged(request)), Ok(true))
    }

    /// The request with the path that the core knows.
    fn as_judged<'r>(&self, request: &'r Request<Bytes>) -> Cow<'r, Request<Bytes>> {
        let Some(path) = &self.judged_path else {
            return Cow::Borrowed(request);
        };
        let target = match request.uri().query() {
            Some(query) => format!("{path}?{query}"),
            None => path.clone(),
        };
        let mut request = request.clone();
        if let Ok(uri) = target.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
        Cow::Owned(request)
    }

    /// How far a signed time may lie from the clock.
    pub(super) fn tolerance(&self) -> Option<Duration> {
        self.judge.tolerance()
    }

    /// Whether the sender signs each attempt, as those do that want it fresh. A tolerance of days is that of one that signs an
    /// event once.
    pub(super) fn signs_each_attempt(&self) -> bool {
        self.tolerance().is_none_or(|it| it <= DAY)
    }

    /// How long the sender waits for the answer to its first attempt.
    pub(super) fn wait(&self) -> Duration {
        self.facts.wait(0)
    }
}

/// The same request with another body.
pub(super) fn with_body(mut request: Request<Bytes>, body: impl Into<Bytes>) -> Request<Bytes> {
    *request.body_mut() = body.into();
    let length = HeaderValue::from(request.body().len());
    request.headers_mut().insert(CONTENT_LENGTH, length);
    request
}

/// The same request in chunks, of which its body is what they carry.
pub(super) fn in_chunks(mut request: Request<Bytes>) -> Request<Bytes> {
    let headers = request.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    request
}

/// The same request with another method.
pub(super) fn with_method(mut request: Request<Bytes>, method: Method) -> Request<Bytes> {
    *request.method_mut() = method;
    request
}
