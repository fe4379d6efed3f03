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

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: u16 = 4001;

    fn guard() -> Guard {
        Guard::new(([127, 0, 0, 1], PORT).into()).unwrap()
    }

    fn check(method: &str, path: &str, headers: &[(&str, &str)]) -> Result<(), Refused> {
        let guard = guard();
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, value.replace("{token}", guard.token()));
        }
        guard.check(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn only_names_of_this_machine_with_the_port_are_its_host() {
        for (host, is_own) in [
            ("127.0.0.1:4001", true),
            ("127.8.0.1:4001", true),
            ("localhost:4001", true),
            ("LocalHost:4001", true),
            ("[::1]:4001", true),
            ("127.0.0.1:4000", false),
            ("127.0.0.1:+4001", false),
            ("127.0.0.1", false),
            ("localhost", false),
            ("[::1]", false),
            ("::1:4001", false),
            ("evil.example:4001", false),
            ("localhost.evil.example:4001", false),
            ("127.0.0.1.evil.example:4001", false),
            ("user@127.0.0.1:4001", false),
            ("0.0.0.0:4001", false),
            ("192.168.1.2:4001", false),
            ("", false),
            (":4001", false),
        ] {
            let found = check("GET", "/", &[("host", host)]);
            assert_eq!(found.is_ok(), is_own, "{host}");
        }
        assert_eq!(check("GET", "/", &[]), Err(Refused::Host));
        let twice = [("host", "127.0.0.1:4001"), ("host", "127.0.0.1:4001")];
        assert_eq!(check("GET", "/", &twice), Err(Refused::Host));
        let own = [("host", "127.0.0.1:4001")];
        let other = check("GET", "http://evil.example/", &own);
        assert_eq!(other, Err(Refused::Host));
    }

    #[test]
    fn what_came_through_a_proxy_is_refused() {
        for name in [
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Proto",
            "X-Real-IP",
            "Via",
            "CF-Connecting-IP",
            "CF-Ray",
            "Ngrok-Skip-Browser-Warning",
            "True-Client-IP",
            "Fly-Client-IP",
            "Tailscale-User-Login",
            "X-Amzn-Trace-Id",
        ] {
            let headers = [("host", "127.0.0.1:4001"), (name, "")];
            assert_eq!(check("GET", "/", &headers), Err(Refused::Proxy), "{name}");
        }
    }

    #[test]
    fn a_change_needs_the_page_and_its_token() {
        let host = ("host", "127.0.0.1:4001");
        let own = ("origin", "http://127.0.0.1:4001");
        let site = ("sec-fetch-site", "same-origin");
        let token = ("x-webhook-rs-token", "{token}");
        let cross_site = Err(Refused::CrossSite);
        for (headers, expected) in [
            (&[host, own, token][..], Ok(())),
            (&[host, site, token], Ok(())),
            (&[host, own, site, token], Ok(())),
            (&[host, token], cross_site),
            (&[host, ("origin", "null"), token], Err(Refused::CrossSite)),
            (
                &[host, ("origin", "http://127.0.0.1:4000"), token],
                Err(Refused::CrossSite),
            ),
            (
                &[host, ("origin", "https://127.0.0.1:4001"), token],
                Err(Refused::CrossSite),
            ),
            (
                &[host, ("origin", "http://localhost:4001"), token],
                Err(Refused::CrossSite),
            ),
            (
                &[host, own, ("origin", "http://x"), token],
                Err(Refused::CrossSite),
            ),
            (
                &[host, own, ("sec-fetch-site", "same-site"), token],
                Err(Refused::CrossSite),
            ),
            (
                &[host, ("sec-fetch-site", "none"), token],
                Err(Refused::CrossSite),
            ),
            (&[host, own], Err(Refused::Token)),
            (
                &[host, own, ("x-webhook-rs-token", "")],
                Err(Refused::Token),
            ),
            (
                &[host, own, ("x-webhook-rs-token", "{token}0")],
                Err(Refused::Token),
            ),
            (&[host, own, token, token], Err(Refused::Token)),
        ] {
            assert_eq!(
                check("POST", "/api/clear", headers),
                expected,
                "{headers:?}"
            );
        }
        for method in ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
            let found = check(method, "/api/clear", &[host, own, token]);
            assert_eq!(found, Err(Refused::Method));
        }
    }

    #[test]
    fn another_page_reads_nothing() {
        let host = ("host", "127.0.0.1:4001");
        for (path, site, expected) in [
            ("/api/state", "cross-site", Err(Refused::CrossSite)),
            ("/api/state", "same-site", Err(Refused::CrossSite)),
            ("/api/events", "cross-site", Err(Refused::CrossSite)),
            ("/api/state", "same-origin", Ok(())),
            ("/api/state", "none", Ok(())),
            // A link to the page is no harm: nothing is framed, and nothing can be read.
            ("/", "cross-site", Ok(())),
        ] {
            let headers = [host, ("sec-fetch-site", site)];
            assert_eq!(check("GET", path, &headers), expected, "{path} {site}");
        }
        let foreign = [host, ("origin", "http://localhost:3000")];
        assert_eq!(
            check("GET", "/api/state", &foreign),
            Err(Refused::CrossSite)
        );
    }
}
