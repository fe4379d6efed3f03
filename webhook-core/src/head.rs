use std::fmt;

use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};

use crate::answer::Rejection;

/// The method, path, query and headers of a request, borrowed from the server's own types.
///
/// The headers can be any collection that implements [`Headers`](crate::driver::Headers), so any framework can build
/// one.
///
/// ```
/// use webhook_core::http::{HeaderMap, HeaderName};
/// use webhook_core::{Head, HeaderField};
///
/// static TOKEN: HeaderName = HeaderName::from_static("tf-webhooktoken");
/// static API_KEY: HeaderName = HeaderName::from_static("apikey");
///
/// let mut headers = HeaderMap::new();
/// headers.insert(&TOKEN, "s3cr3t".parse().unwrap());
///
/// let head = Head::new("POST", "/webhook", Some("v=1"), &headers);
/// assert_eq!(head.header(&TOKEN), HeaderField::Once(b"s3cr3t"));
/// assert_eq!(head.header(&API_KEY), HeaderField::Absent);
/// ```
///
/// An uppercase header name does not compile as a `static`, and panics when created at run time.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    method: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    headers: &'a dyn Headers,
}

impl<'a> Head<'a> {
    /// Creates a head. `path` and `query` are as on the wire, still percent-encoded, without the `?`.
    pub fn new(
        method: &'a str,
        path: &'a str,
        query: Option<&'a str>,
        headers: &'a dyn Headers,
    ) -> Self {
        Self {
            method,
            path,
            query,
            headers,
        }
    }

    /// The request method as sent: `POST`.
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The path as sent, percent-encoded.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The query as sent, percent-encoded and without the `?`.
    pub fn query(&self) -> Option<&'a str> {
        self.query
    }

    pub(crate) fn content_length(&self) -> HeaderField<'a> {
        self.headers.content_length()
    }

    /// The header with this name.
    pub fn header(&self, name: &HeaderName) -> HeaderField<'a> {
        self.headers.field(name)
    }

    /// The headers with these names, each as [`header`](Self::header) returns it. A collection that needs scanning is
    /// scanned only once.
    ///
    /// ```
    /// use webhook_core::http::{HeaderMap, HeaderName};
    /// use webhook_core::{Head, HeaderField};
    ///
    /// static SIGNATURE: HeaderName = HeaderName::from_static("x-signature");
    /// static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert(&REQUEST_ID, "b7".parse().unwrap());
    ///
    /// let head = Head::new("POST", "/webhook", None, &headers);
    /// let [signature, request_id] = head.headers([&SIGNATURE, &REQUEST_ID]);
    /// assert_eq!(signature, HeaderField::Absent);
    /// assert_eq!(request_id, HeaderField::Once(b"b7"));
    /// ```
    pub fn headers<const N: usize>(&self, names: [&HeaderName; N]) -> [HeaderField<'a>; N] {
        let mut found = [HeaderField::Absent; N];
        self.headers.fields(&names, &mut found);
        found
    }
}

impl<'a> Head<'a> {
    /// The same for a list of names, at most as many as there is room for; what is beyond them stays as it is.
    #[inline]
    pub(crate) fn find<const N: usize>(
        &self,
        names: &[HeaderName],
        found: &mut [HeaderField<'a>; N],
    ) {
        match names {
            [] => {}
            [name] => {
                if let Some(found) = found.first_mut() {
                    *found = self.header(name);
                }
            }
            [first, ..] => {
                let mut wanted = [first; N];
                for (wanted, name) in wanted.iter_mut().zip(names) {
                    *wanted = name;
                }
                let count = names.len().min(N);
                if let (Some(wanted), Some(found)) = (wanted.get(..count), found.get_mut(..count)) {
                    self.headers.fields(wanted, found);
                }
            }
        }
    }
}

impl<'a, B> From<&'a http::Request<B>> for Head<'a> {
    fn from(request: &'a http::Request<B>) -> Self {
        Self::new(
            request.method().as_str(),
            request.uri().path(),
            request.uri().query(),
            request.headers(),
        )
    }
}

impl<'a> From<&'a http::request::Parts> for Head<'a> {
    fn from(parts: &'a http::request::Parts) -> Self {
        Self::new(
            parts.method.as_str(),
            parts.uri.path(),
            parts.uri.query(),
            &parts.headers,
        )
    }
}

/// Shows the method only: paths, queries and headers can carry credentials.
impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// How often a header occurs in a request, and its value if it occurs once.
///
/// Every sender here refuses a credential that occurs twice: a proxy and the app could each pick a different one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum HeaderField<'a> {
    /// The request has no such header.
    Absent,
    /// The request has the header once, with these bytes (possibly none).
    Once(&'a [u8]),
    /// The request has the header more than once.
    Repeated,
}

/// Shows how often it occurs, never the value: it may be a credential.
impl fmt::Debug for HeaderField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Once(_) => "Once(..)",
            Self::Repeated => "Repeated",
        })
    }
}

/// A collection of headers that a [`Head`] can look into.
///
/// Implemented for the `HeaderMap` of `http` 1; an adapter for a framework with a different one wraps it in a newtype.
pub trait Headers {
    /// The header with this name.
    fn field(&self, name: &HeaderName) -> HeaderField<'_>;

    /// Writes the headers with these names to `found`, each as [`field`](Self::field) returns it. A collection that
    /// needs scanning can be scanned once for all of them.
    fn fields<'a>(&'a self, names: &[&HeaderName], found: &mut [HeaderField<'a>]) {
        for (name, found) in names.iter().zip(found) {
            *found = self.field(name);
        }
    }

    /// The `content-length` header. Every request looks it up, so a collection can keep the name ready.
    fn content_length(&self) -> HeaderField<'_> {
        self.field(&CONTENT_LENGTH)
    }
}

/// Scans the headers: a webhook has few, so a scan is faster than hashing a name, and servers limit their number.
impl Headers for http::HeaderMap {
    fn field(&self, name: &HeaderName) -> HeaderField<'_> {
        let mut found = HeaderField::Absent;
        for (field, value) in self {
            if field == name {
                if found != HeaderField::Absent {
                    return HeaderField::Repeated;
                }
                found = HeaderField::Once(value.as_bytes());
            }
        }
        found
    }

    fn fields<'a>(&'a self, names: &[&HeaderName], found: &mut [HeaderField<'a>]) {
        // One bit per name length, modulo 64: enough to skip most of a request's headers.
        let bit = |name: &HeaderName| 1_u64 << (name.as_str().len() % 64);
        let lengths = names.iter().fold(0, |lengths, name| lengths | bit(name));
        found.fill(HeaderField::Absent);
        for (name, value) in self {
            if lengths & bit(name) == 0 {
                continue;
            }
            for (wanted, found) in names.iter().zip(&mut *found) {
                if name == *wanted {
                    *found = match found {
                        HeaderField::Absent => HeaderField::Once(value.as_bytes()),
                        _ => HeaderField::Repeated,
                    };
                    break;
                }
            }
        }
    }

    /// Uses the map's index: a standard name hashes as cheaply as an integer.
    fn content_length(&self) -> HeaderField<'_> {
        HeaderField::of(
            self.get_all(CONTENT_LENGTH)
                .iter()
                .map(HeaderValue::as_bytes),
        )
    }
}

impl<'a> HeaderField<'a> {
    /// The header with these values, as a lookup returned them.
    pub fn of(mut values: impl Iterator<Item = &'a [u8]>) -> Self {
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::Once(value),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }

    /// The value of a header that occurs once and is not empty, as text.
    ///
    /// # Errors
    ///
    /// [`Rejection::CredentialMissing`], [`Rejection::CredentialRepeated`], [`Rejection::CredentialMalformed`].
    pub fn text(self) -> Result<&'a str, Rejection> {
        match self {
            Self::Absent | Self::Once(b"") => Err(Rejection::CredentialMissing),
            Self::Once(value) => {
                std::str::from_utf8(value).map_err(|_| Rejection::CredentialMalformed)
            }
            Self::Repeated => Err(Rejection::CredentialRepeated),
        }
    }
}
