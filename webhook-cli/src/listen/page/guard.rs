//! Who may talk to the page: a browser on this machine, with the page itself open.
//!
//! A page elsewhere can send requests to this port, by a name of its own that resolves to this machine (DNS rebinding) or
//! across origins; and a tunnel or proxy can carry them here.

use std::net::{IpAddr, SocketAddr};

use http::header::{
    CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::uri::Authority;
use http::{Method, Response, StatusCode};
use subtle::ConstantTimeEq as _;

use super::{Body, not_allowed, problem};
use crate::error::Error;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Headers of proxies and tunnels, or the beginnings of such.
const OF_PROXIES: [&str; 26] = [
    "forwarded",
    "x-forwarded",
    "x-real-ip",
    "x-original-",
    "x-client-ip",
    "x-cluster-client-ip",
    "via",
    "true-client-ip",
    "client-ip",
    "cdn-loop",
    "cf-",
    "fastly-",
    "fly-",
    "ngrok-",
    "x-ngrok-",
    "x-amz",
    "x-appengine-",
    "x-arr-",
    "x-azure-",
    "x-cloud-trace-context",
    "x-envoy-",
    "x-github-codespaces",
    "x-ms-proxy",
    "x-proxy-",
    "x-tunnel-",
    "tailscale-",
];

/// Checks requests to the page.
pub(super) struct Guard {
    port: u16,
    /// Of this start: a page of another one must load again before it changes something.
    token: String,
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Host,
    Proxy,
    Method,
    CrossSite,
    Token,
}

impl Guard {
    pub(super) fn new(page: SocketAddr) -> Result<Self, Error> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)
            .map_err(|error| Error::failed(format!("no random numbers: {error}")))?;
        Ok(Self {
            port: page.port(),
            token: hex::encode(random),
        })
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Checks everything but whether there is something at the path.
    pub(super) fn check(&self, head: &http::request::Parts) -> Result<(), Refused> {
        let host = self.host(head).ok_or(Refused::Host)?;
        let names = head.headers.keys();
        let is_of_proxy = |name: &HeaderName| {
            let name = name.as_str();
            OF_PROXIES.iter().any(|start| name.starts_with(start))
        };
        if names.into_iter().any(is_of_proxy) {
            return Err(Refused::Proxy);
        }
        let changes = match head.method {
            Method::GET | Method::HEAD => false,
            Method::POST => true,
            _ => return Err(Refused::Method),
        };
        let is_page = !head.uri.path().starts_with("/api");
        self.origin(&head.headers, host, changes, is_page)?;
        match changes {
            true => self.check_token(&head.headers),
            false => Ok(()),
        }
    }

    /// The `Host`, if it is one of this machine's own names with this port.
    fn host<'a>(&self, head: &'a http::request::Parts) -> Option<&'a str> {
        let host = once(&head.headers, &HOST)?;
        let in_target = head.uri.authority().map(Authority::as_str);
        let fits = self.is_own(host) && in_target.is_none_or(|target| target == host);
        fits.then_some(host)
    }

    fn is_own(&self, authority: &str) -> bool {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            // Browsers leave the port out where it is that of the scheme.
            _ => (authority, "80"),
        };
        let ip = match host.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')) {
            Some(ip) => ip.parse().ok().map(IpAddr::V6),
            None => host.parse().ok().map(IpAddr::V4),
        };
        port == self.port.to_string()
            && (host.eq_ignore_ascii_case("localhost") || ip.is_some_and(|ip| ip.is_loopback()))
    }

    /// What a browser says of where a request comes from.
    fn origin(
        &self,
        headers: &HeaderMap,
        host: &str,
        changes: bool,
        is_page: bool,
    ) -> Result<(), Refused> {
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let origin = headers.get(ORIGIN).map(HeaderValue::as_bytes);
        let own = format!("http://{host}");
        let is_own = origin.is_none_or(|origin| origin.eq_ignore_ascii_case(own.as_bytes()));
        let is_here = match site {
            None => !changes || origin.is_some(),
            Some(b"same-origin") => true,
            // Typed into the address bar, or a link to the page from elsewhere.
            Some(b"none") => !changes,
            Some(_) => is_page && !changes,
        };
        match is_own && is_here && headers.get_all(ORIGIN).iter().count() <= 1 {
            true => Ok(()),
            false => Err(Refused::CrossSite),
        }
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let name = HeaderName::from_static("x-webhook-rs-token");
        let given = once(headers, &name).unwrap_or_default();
        match bool::from(given.as_bytes().ct_eq(self.token.as_bytes())) {
            true => Ok(()),
            false => Err(Refused::Token),
        }
    }
}

/// A header that is there exactly once.
fn once<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

impl Refused {
    pub(super) fn response(&self) -> Response<Body> {
        let what = match self {
            Self::Host => {
                "the page answers only to this machine: open it as http://127.0.0.1 with its port"
            }
            Self::Proxy => {
                "this request came through a proxy or tunnel: point the tunnel to the receiving port, never to the page"
            }
            Self::Method => return not_allowed("GET, HEAD, POST"),
            Self::CrossSite => "this request comes from another page",
            Self::Token => "the command was started again since: load the page again",
        };
        problem(StatusCode::FORBIDDEN, what)
    }
}

/// What a browser must not do with an answer.
pub(super) fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
