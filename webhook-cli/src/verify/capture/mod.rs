//! A captured request, as it was read.

mod chunked;
mod curl;
mod options;
mod piped;
mod raw;
mod shell;

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Request};

use crate::error::Error;
use crate::show::note;

/// The longest capture that is read, in bytes.
pub(super) const LIMIT: usize = 64 * 1024 * 1024;

/// A request that was captured somewhere, and what is odd about the capture.
#[derive(Debug)]
pub(super) struct Captured {
    pub(super) request: Request<Bytes>,
    /// Headers whose value was on several lines, which the request has with a space between them.
    pub(super) folded: Vec<(HeaderName, HeaderValue)>,
    /// What its reader should know, in a sentence each.
    pub(super) notes: Vec<String>,
}

impl Captured {
    /// Reads a request from a file, or else from stdin.
    pub(super) fn read(file: Option<&Path>) -> Result<Self, Error> {
        let (read, place) = match file {
            Some(path) => (File::open(path).and_then(read), path.display().to_string()),
            None => {
                if io::stdin().is_terminal() {
                    note("paste the request, and end it with Ctrl-D on a line of its own");
                }
                (read(io::stdin().lock()), "stdin".to_owned())
            }
        };
        let bytes = read.map_err(|error| Error::usage(format!("{place}: {error}")))?;
        if bytes.len() > LIMIT {
            return Err(Error::usage(format!(
                "{place} is longer than {} MiB: give one request only",
                LIMIT / (1024 * 1024)
            )));
        }
        Self::parse(&bytes).map_err(|error| Error::usage(format!("{place}: {error}")))
    }

    /// Reads raw HTTP or a `curl` command, whichever it is.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(Error::usage(
                "this is UTF-16, which has changed the body already: capture the request as bytes (PowerShell's `>` writes UTF-16)",
            ));
        }
        // An editor may have written it before the first line.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let start = bytes.trim_ascii_start();
        if start.is_empty() {
            return Err(Error::usage(
                "there is no request in it: give raw HTTP or a `curl` command",
            ));
        }
        let command = without_comments(start);
        let mut captured = match (curl::arguments(command), piped::parts(command)) {
            (Some(arguments), _) => curl::parse(arguments, None),
            (None, Some((base64, arguments))) => {
                curl::parse(arguments, Some(piped::decoded(base64)?))
            }
            (None, None) => raw::parse(start),
        }?;
        captured.supply_length();
        Ok(captured)
    }

    /// Announces the body as every sender does, and as not every tool writes down: a receiver takes only a body that it knows
    /// to be short for the handshake of a sender that signs none.
    fn supply_length(&mut self) {
        let length = self.request.body().len();
        let headers = self.request.headers_mut();
        if length > 0 && !headers.contains_key(TRANSFER_ENCODING) {
            headers
                .entry(CONTENT_LENGTH)
                .or_insert(HeaderValue::from(length));
        }
    }
}

/// What follows the lines that a shell takes as comments, such as the first one of *Copy as curl* on the page of `listen`.
fn without_comments(mut text: &[u8]) -> &[u8] {
    while text.starts_with(b"#") {
        let end = text.iter().position(|byte| *byte == b'\n');
        let rest = end.and_then(|end| text.get(end..)).unwrap_or_default();
        text = rest.trim_ascii_start();
    }
    text
}

/// What `Content-Length` says, if it is there once.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()?.parse().ok()
}

fn read(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
