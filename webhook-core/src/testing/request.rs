use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Uri};

use crate::driver::{Accepted, EarlyReply, Verifier};
use crate::head::Head;
use crate::provider::Provider;

/// A request as its sender would send it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestRequest {
    /// The method: `POST`.
    pub method: Method,
    /// The path and query from the sender's documentation.
    pub uri: Uri,
    /// The headers, with the credential and without `Content-Length`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl TestRequest {
    pub(super) fn new(path: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self {
            method: Method::POST,
            uri: Uri::from_static(path),
            headers,
            body: body.into(),
        }
    }

    /// The same, for a path that the test chose.
    #[allow(
        clippy::expect_used,
        reason = "a test that cannot send its path must fail"
    )]
    pub(super) fn at(path: &str, body: impl Into<Bytes>) -> Self {
        Self {
            uri: path.parse().expect("the path is valid in a request target"),
            ..Self::new("/", body)
        }
    }

    #[allow(
        clippy::expect_used,
        reason = "a test that cannot send its secret must fail"
    )]
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("the value is valid in a header");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    /// Its [`Head`], for a [`Verifier`].
    pub fn head(&self) -> Head<'_> {
        Head::new(
            self.method.as_str(),
            self.uri.path(),
            self.uri.query(),
            &self.headers,
        )
    }

    /// Passes the request to a verifier, as an adapter would.
    ///
    /// # Errors
    ///
    /// The answer to a request that no handler gets.
    #[allow(clippy::result_large_err, reason = "it is for tests")]
    pub fn deliver<P: Provider>(
        &self,
        verifier: &Verifier<P>,
    ) -> Result<Accepted<P::Event>, EarlyReply> {
        verifier.begin(&self.head())?.finish(self.body.clone())
    }

    /// The request with a body of any type, for a `tower` service or an `axum` router.
    pub fn into_request<B: From<Bytes>>(self) -> Request<B> {
        let mut request = Request::new(B::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        request
    }
}
