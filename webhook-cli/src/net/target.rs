use std::net::{IpAddr, SocketAddr, TcpListener};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderValue};
use http::{Request, Uri};
use url::{Host, Url};

use crate::error::Error;

/// A receiver: its URL, and the addresses that were found for it once.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    url: Url,
    addresses: Vec<SocketAddr>,
    authority: HeaderValue,
}

/// Which addresses may be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those of this machine.
    ThisMachine,
    /// All.
    Anywhere,
}

impl Target {
    /// Finds the addresses of a URL. What is connected to later is one of these, whatever the name then resolves to.
    pub(crate) async fn resolve(url: &str, reach: Reach) -> Result<Self, Error> {
        let shown = without_user(url);
        let wrong = |what: &str| Error::usage(format!("`{shown}`: {what}"));
        let parsed = Url::parse(url).map_err(|_| {
            wrong("this is no URL: write the one that the sender would be given, such as http://127.0.0.1:3000/webhook")
        })?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong("a webhook is delivered over http or https"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong(
                "a URL with a user or a password is not supported: leave them out",
            ));
        }
        let (Some(host), Some(port)) = (parsed.host(), parsed.port_or_known_default()) else {
            return Err(wrong("the URL has no host"));
        };
        let found: Vec<SocketAddr> = match host {
            Host::Ipv4(ip) => vec![(ip, port).into()],
            Host::Ipv6(ip) => vec![(ip, port).into()],
            Host::Domain(name) => tokio::net::lookup_host((name, port))
                .await
                .map_err(|error| wrong(&format!("the name {name} cannot be resolved: {error}")))?
                .collect(),
        };
        let mut addresses = found;
        if reach == Reach::ThisMachine {
            addresses.retain(|address| is_own(address.ip()));
        }
        if addresses.is_empty() {
            return Err(wrong(match reach {
                Reach::ThisMachine => {
                    "this is not an address of this machine: give --remote if the receiver is yours"
                }
                Reach::Anywhere => "the name has no address",
            }));
        }
        let authority = match parsed.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        Ok(Self {
            authority: HeaderValue::from_str(&authority)
                .map_err(|_| wrong("the host cannot be sent in a header"))?,
            addresses,
            url: parsed,
        })
    }

    /// The addresses, to be tried in this order.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The URL, as it was given.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether it is this machine.
    pub(crate) fn is_own(&self) -> bool {
        self.addresses.iter().all(|address| is_own(address.ip()))
    }

    /// The host, for TLS.
    pub(crate) fn tls_name(&self) -> Option<String> {
        (self.url.scheme() == "https")
            .then(|| match self.url.host()? {
                Host::Domain(name) => Some(name.to_owned()),
                Host::Ipv4(ip) => Some(ip.to_string()),
                Host::Ipv6(ip) => Some(ip.to_string()),
            })
            .flatten()
    }

    /// Turns a signed request to the sender's own path into one to this receiver: its path and query, and what the sender adds
    /// to the query.
    pub(crate) fn apply(&self, request: &mut Request<Bytes>) -> Result<(), Error> {
        if let Some(name) = repeated(self.url.query(), request.uri().query()) {
            return Err(Error::usage(format!(
                "`{}`: the sender adds `{name}` to the URL by itself: leave it out",
                self.url
            )));
        }
        let host = request.headers().get(HOST).cloned();
        self.apply_below(request, "")?;
        // One that the user gives is sent.
        if let Some(host) = host {
            request.headers_mut().insert(HOST, host);
        }
        Ok(())
    }

    /// The same with a path below this receiver's: empty, or with a slash first.
    pub(crate) fn apply_below(
        &self,
        request: &mut Request<Bytes>,
        below: &str,
    ) -> Result<(), Error> {
        let queries = [self.url.query(), request.uri().query()];
        let present = queries.into_iter().flatten();
        let query: Vec<&str> = present.filter(|query| !query.is_empty()).collect();
        let path = match below {
            "" => self.url.path().to_owned(),
            below => format!("{}{below}", self.url.path().trim_end_matches('/')),
        };
        let target = match query.is_empty() {
            true => path,
            false => format!("{path}?{}", query.join("&")),
        };
        *request.uri_mut() = target
            .parse::<Uri>()
            .map_err(|_| Error::usage(format!("`{}` cannot be requested", self.url)))?;
        let length = request.body().len();
        let headers = request.headers_mut();
        headers.insert(HOST, self.authority.clone());
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        Ok(())
    }
}

/// A URL without what is before the `@` of its authority: there may be a password in it.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("//").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rfind('@') {
        Some(at) => format!("{scheme}//(hidden)@{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

/// A parameter of the first query that is in the second as well, by its name. Receivers refuse one that is there twice, or take
/// either.
fn repeated(first: Option<&str>, second: Option<&str>) -> Option<String> {
    let (first, second) = first.zip(second)?;
    let names = |query: &str| {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.map(|(name, _)| name.into_owned()).collect::<Vec<_>>()
    };
    let added = names(second);
    names(first).into_iter().find(|name| added.contains(name))
}

/// Whether an address is one of this machine: only on such a one can it listen.
fn is_own(ip: IpAddr) -> bool {
    ip.is_loopback() || TcpListener::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(url: &str, target: &'static str) -> Result<String, Error> {
        let resolved = Target::resolve(url, Reach::ThisMachine);
        let resolved = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(resolved)?;
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = Uri::from_static(target);
        resolved.apply(&mut request)?;
        Ok(request.uri().to_string())
    }

    #[test]
    fn the_path_is_kept_as_it_is_registered_and_the_query_is_added_to() {
        for (url, own, expected) in [
            ("http://127.0.0.1", "/x", "/"),
            ("http://[::1]:3000/a%2Fb/%zz", "/x", "/a%2Fb/%zz"),
            ("http://127.0.0.1/a#b", "/x", "/a"),
            ("http://127.0.0.1/a?b=c", "/x", "/a?b=c"),
            ("http://127.0.0.1/a", "/x?data.id=1", "/a?data.id=1"),
            ("http://127.0.0.1/a?b=c", "/x?data.id=1", "/a?b=c&data.id=1"),
            ("http://127.0.0.1/a?", "/x?data.id=1", "/a?data.id=1"),
        ] {
            assert_eq!(applied(url, own).unwrap(), expected, "{url}");
        }
    }

    #[test]
    fn what_the_sender_adds_to_a_url_is_not_there_twice() {
        for url in [
            "http://127.0.0.1/a?data.id=7&type=payment",
            "http://127.0.0.1/a?data%2Eid=7",
        ] {
            let error = applied(url, "/x?data.id=1").unwrap_err().to_string();
            assert!(error.contains("adds `data.id` to the URL"), "{error}");
        }
    }
}
