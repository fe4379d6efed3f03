//! Reads a request as it is on the wire, or as a tool has written it down.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, HeaderMap, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Request, Uri};

use super::chunked::{self, Chunks};
use super::{Captured, announced};
use crate::error::Error;

/// The most headers that are read.
const HEADERS: usize = 256;

pub(super) fn parse(bytes: &[u8]) -> Result<Captured, Error> {
    let mut notes = Vec::new();
    let (head, body) = match split(bytes) {
        Some(parts) => parts,
        None => {
            notes.push("the headers do not end with an empty line, so there is no body".to_owned());
            (bytes, &[][..])
        }
    };
    let lines = lines(&of_http2(head))?;
    let (method, uri) = request_line(lines.first().map_or(&[], |line| &line.joined[..]))?;
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let mut folded = Vec::new();
    for line in lines.get(1..).unwrap_or_default() {
        let (name, value) = header(&line.joined)?;
        if let Some(together) = &line.together {
            let (_, value) = header(together)?;
            notes.push(format!("the header {name} is on several lines"));
            folded.push((name.clone(), value));
        }
        request.headers_mut().append(name, value);
    }
    *request.body_mut() = Bytes::from(body_of(body, request.headers(), &mut notes));
    Ok(Captured {
        request,
        folded,
        notes,
    })
}

/// The head without the empty line that ends it, and the body.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        let end = bytes.get(from..)?.iter().position(|byte| *byte == b'\n')? + from;
        let line = bytes.get(from..end)?;
        if matches!(line, b"" | b"\r") {
            return Some((bytes.get(..from)?, bytes.get(end + 1..)?));
        }
        from = end + 1;
    }
}

/// The head as HTTP/1 has it: tools write the first line of HTTP/2 as headers, such as `:method: POST`, some beside such a line.
fn of_http2(head: &[u8]) -> Cow<'_, [u8]> {
    let lines = || head.split_inclusive(|byte| *byte == b'\n');
    if !lines().any(|line| line.starts_with(b":")) {
        return Cow::Borrowed(head);
    }
    let value = |name: &[u8]| {
        let line = lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim_ascii()
    };
    let mut normal = Vec::with_capacity(head.len());
    if head.starts_with(b":") {
        let line = [value(b":method:"), value(b":path:"), b"HTTP/2\n"];
        normal.extend(line.join(&b' '));
    }
    for line in lines().filter(|line| !line.starts_with(b":")) {
        normal.extend_from_slice(line);
    }
    normal.into()
}

/// A line of the head with those that continue it.
struct Line {
    /// With a space between the lines, as HTTP reads them.
    joined: Vec<u8>,
    /// With nothing between them, if there are several.
    together: Option<Vec<u8>>,
}

/// A line that begins with white space continues the one before it, and so does one without a colon: a terminal has cut it.
fn lines(head: &[u8]) -> Result<Vec<Line>, Error> {
    let mut lines: Vec<Line> = Vec::new();
    for line in head.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let continues = lines.len() > 1
            && (line.starts_with(b" ") || line.starts_with(b"\t") || !line.contains(&b':'));
        let count = lines.len();
        match lines.last_mut().filter(|_| continues) {
            Some(last) => {
                let line = line.trim_ascii();
                let together = last.together.get_or_insert_with(|| last.joined.clone());
                together.extend_from_slice(line);
                last.joined.push(b' ');
                last.joined.extend_from_slice(line);
            }
            None if count > HEADERS => {
                return Err(Error::usage(format!(
                    "it has more than {HEADERS} headers: give one request only"
                )));
            }
            None => lines.push(Line {
                joined: line.to_vec(),
                together: None,
            }),
        }
    }
    Ok(lines)
}

fn request_line(line: &[u8]) -> Result<(http::Method, Uri), Error> {
    if line.starts_with(b"HTTP/") {
        return Err(Error::usage(
            "this is an answer: give the request, which begins like `POST /path HTTP/1.1`",
        ));
    }
    let wrong = || {
        Error::usage(
            "it is neither raw HTTP, which begins like `POST /path HTTP/1.1`, nor a `curl` command",
        )
    };
    // Tools write `HTTP/2`, which has no such line on the wire.
    let text = str::from_utf8(line).map_err(|_| wrong())?.trim_end();
    let (start, version) = text.rsplit_once(' ').ok_or_else(wrong)?;
    if !version.starts_with("HTTP/") {
        return Err(wrong());
    }
    let normal = format!("{start} HTTP/1.1\r\n\r\n");
    let mut request = httparse::Request::new(&mut []);
    match request.parse(normal.as_bytes()) {
        Ok(status) if status.is_complete() => {}
        _ => return Err(wrong()),
    }
    let method = request.method.and_then(|it| it.parse().ok());
    let path = request.path.ok_or_else(wrong)?;
    let uri = path.parse().map_err(|_| {
        Error::usage("the path of the request has a character that no URL may have")
    })?;
    Ok((method.ok_or_else(wrong)?, uri))
}

/// The name and the value of a header. Its line is never shown: it may have a credential.
fn header(line: &[u8]) -> Result<(HeaderName, HeaderValue), Error> {
    let mut text = line.to_vec();
    text.extend_from_slice(b"\r\n\r\n");
    let mut headers = [httparse::EMPTY_HEADER];
    let parsed = match httparse::parse_headers(&text, &mut headers) {
        Ok(httparse::Status::Complete((_, [header]))) => {
            let name = header.name.parse::<HeaderName>().ok();
            name.zip(HeaderValue::from_bytes(header.value).ok())
        }
        _ => None,
    };
    parsed.ok_or_else(|| {
        let before_colon = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let shown = match str::from_utf8(before_colon) {
            Ok(name) if name.len() < 80 && name.len() < line.len() => {
                format!("the header `{}`", crate::show::printable(name))
            }
            _ => "a line between the request line and the empty line".to_owned(),
        };
        Error::usage(format!(
            "{shown} is not one of HTTP: write it as `NAME: VALUE`, without control characters"
        ))
    })
}

/// The body as its sender wrote it.
fn body_of(sent: &[u8], headers: &HeaderMap, notes: &mut Vec<String>) -> Vec<u8> {
    let says = |name: HeaderName, what: &str| {
        headers.get_all(name).iter().any(|value| {
            value
                .as_bytes()
                .to_ascii_lowercase()
                .windows(what.len())
                .any(|it| it == what.as_bytes())
        })
    };
    if ["gzip", "deflate", "br", "zstd"]
        .iter()
        .any(|it| says(CONTENT_ENCODING, it))
    {
        notes.push("the body is compressed, or was: it is judged as it is here".to_owned());
    }
    if says(TRANSFER_ENCODING, "chunked") {
        return joined(sent, notes);
    }
    if let Some(announced) = announced(headers).filter(|it| *it != sent.len() as u64) {
        let (difference, than) = match announced.checked_sub(sent.len() as u64) {
            Some(missing) => (missing, "shorter"),
            None => (sent.len() as u64 - announced, "longer"),
        };
        let unit = if difference == 1 { "byte" } else { "bytes" };
        notes.push(format!(
            "the body is {difference} {unit} {than} than Content-Length says"
        ));
    }
    sent.to_vec()
}

/// The body of what should be chunks.
fn joined(sent: &[u8], notes: &mut Vec<String>) -> Vec<u8> {
    let (body, note) = match chunked::read(sent) {
        Chunks::Joined(chunks) => {
            let odd = match (chunks.has_lf, chunks.has_more) {
                (false, false) => "",
                (true, false) => ", although their lines end with LF alone here",
                (false, true) => ", without the white space that follows the last one here",
                (true, true) => {
                    ", although their lines end with LF alone and white space follows the last one here"
                }
            };
            let note = format!("the body was sent in chunks, which were joined{odd}");
            (chunks.body, note)
        }
        Chunks::None => (
            sent.to_vec(),
            "the body has no chunks although Transfer-Encoding says so: it is judged as it is here"
                .to_owned(),
        ),
        Chunks::Broken => (
            sent.to_vec(),
            "the chunks of the body are not whole here, so they are not joined: capture the request again".to_owned(),
        ),
    };
    notes.push(note);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> (String, Vec<String>) {
        let captured = parse(text.as_bytes()).unwrap();
        let body = captured.request.body().to_vec();
        (String::from_utf8(body).unwrap(), captured.notes)
    }

    #[test]
    fn both_kinds_of_line_ends_are_read_and_the_body_stays_as_it_is() {
        for (text, expected) in [
            ("POST /a?b=c HTTP/1.1\r\nX-A: 1\r\n\r\n{}\r\n", "{}\r\n"),
            ("POST /a?b=c HTTP/1.1\nX-A: 1\n\n{}\n\n", "{}\n\n"),
            ("POST /a?b=c HTTP/2\r\nx-a:1\r\n\r\n", ""),
            ("POST /a?b=c HTTP/1.1\nX-A: 1", ""),
            (
                "POST https://example.com/a?b=c HTTP/1.1\nX-A: 1  \n\n\u{feff}x",
                "\u{feff}x",
            ),
        ] {
            let captured = parse(text.as_bytes()).unwrap();
            assert_eq!(captured.request.method(), "POST", "{text:?}");
            assert_eq!(captured.request.uri().path(), "/a", "{text:?}");
            assert_eq!(captured.request.uri().query(), Some("b=c"), "{text:?}");
            assert_eq!(captured.request.headers()["x-a"], "1", "{text:?}");
            assert_eq!(captured.request.body(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_first_line_of_http_2_is_read_from_its_headers() {
        let pseudo =
            ":method: POST\r\n:authority: example.com\r\n:scheme: https\r\n:path: /a?b=c\r\n";
        for text in [
            format!("{pseudo}x-a: 1\r\n\r\n:x"),
            format!("{pseudo}x-a: 1\n\n:x").replace("\r\n", "\n"),
            format!("POST /a?b=c HTTP/2\r\n{pseudo}x-a: 1\r\n\r\n:x"),
        ] {
            let captured = parse(text.as_bytes()).unwrap();
            assert_eq!(captured.request.method(), "POST", "{text:?}");
            assert_eq!(captured.request.uri(), "/a?b=c", "{text:?}");
            assert_eq!(captured.request.headers().len(), 1, "{text:?}");
            assert_eq!(captured.request.headers()["x-a"], "1", "{text:?}");
            assert_eq!(captured.request.body(), ":x", "{text:?}");
        }
        for text in [":status: 200\nx-a: 1\n\n", ":method: POST\nx-a: 1\n\n", ":"] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("neither raw HTTP"), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_length_that_is_not_that_of_the_body_is_noted() {
        let (text, notes) = body("POST / HTTP/1.1\nContent-Length: 2\n\n{}\n");
        assert_eq!(text, "{}\n");
        assert_eq!(
            notes,
            ["the body is 1 byte longer than Content-Length says"]
        );
        let (_, notes) = body("POST / HTTP/1.1\nContent-Length: 20\n\n{}");
        assert_eq!(
            notes,
            ["the body is 18 bytes shorter than Content-Length says"]
        );
        assert!(
            body("POST / HTTP/1.1\nContent-Length: 2\n\n{}")
                .1
                .is_empty()
        );
    }

    #[test]
    fn chunks_are_joined_if_they_are_whole() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let (text, notes) = body(&format!("{head}2\r\n{{}}\r\n0\r\n\r\n"));
        assert_eq!(text, "{}");
        assert_eq!(notes, ["the body was sent in chunks, which were joined"]);
        for (sent, expected, note) in [
            ("{}", "{}", "has no chunks"),
            ("2\r\n{}\r\n", "2\r\n{}\r\n", "are not whole"),
            ("2\n{}\n0\n\n", "{}", "LF alone here"),
            ("2\r\n{}\r\n0\r\n\r\n\n", "{}", "white space that follows"),
        ] {
            let (text, notes) = body(&format!("{head}{sent}"));
            assert_eq!(text, expected);
            assert!(notes[0].contains(note), "{notes:?}");
        }
    }

    #[test]
    fn a_header_on_several_lines_is_read_both_ways() {
        for second in ["  bb", "\tbb", "bb"] {
            let text = format!("POST / HTTP/1.1\nX-Sig: aa\n{second}\nX-B: 1\n\n");
            let captured = parse(text.as_bytes()).unwrap();
            assert_eq!(captured.request.headers()["x-sig"], "aa bb");
            assert_eq!(
                captured.folded,
                [("x-sig".parse().unwrap(), "aabb".parse().unwrap())]
            );
            assert_eq!(captured.request.headers()["x-b"], "1");
        }
    }

    #[test]
    fn what_is_no_request_is_refused_without_showing_a_value() {
        for (text, expected) in [
            ("HTTP/1.1 200 OK\n\n", "this is an answer"),
            ("hello", "neither raw HTTP"),
            ("{\"a\":1}", "neither raw HTTP"),
            ("POST /\n\n", "neither raw HTTP"),
            ("POST /a b HTTP/1.1\n\n", "neither raw HTTP"),
            ("POST / HTTP/1.1\nb ad: s3cr3t\n\n", "the header `b ad`"),
            ("POST / HTTP/1.1\nX-A: s3c\u{1}r3t\n\n", "the header `X-A`"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
            assert!(!error.contains("s3c"), "{error}");
        }
        let many = format!("POST / HTTP/1.1\n{}\n", "a: b\n".repeat(300));
        assert!(
            parse(many.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("256")
        );
    }
}
