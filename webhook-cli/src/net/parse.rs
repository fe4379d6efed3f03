use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{Answer, Failure};

const MOST_HEADERS: usize = 256;

/// A complete answer at the start of these bytes, and its length. `ended` says that no more come.
pub(super) fn parse(bytes: &[u8], ended: bool) -> Result<Option<(Answer, usize)>, Failure> {
    let no_http = || Failure::Broken("what came is not HTTP".to_owned());
    let mut fields = vec![httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut fields);
    let body_at = match response.parse(bytes).map_err(|_| no_http())? {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial => return Ok(None),
    };
    let status = response
        .code
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or_else(no_http)?;
    let mut headers = HeaderMap::new();
    for field in response.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| no_http())?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_| no_http())?;
        headers.append(name, value);
    }
    let rest = bytes.get(body_at..).unwrap_or_default();
    let has_no_body = status.is_informational() || matches!(status.as_u16(), 204 | 304);
    let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
    let is_chunked = text(http::header::TRANSFER_ENCODING)
        .is_some_and(|it| it.to_ascii_lowercase().ends_with("chunked"));
    let length: Option<usize> =
        text(http::header::CONTENT_LENGTH).and_then(|it| it.trim().parse().ok());
    let body = match length {
        _ if has_no_body => Some((Bytes::new(), 0)),
        _ if is_chunked => unchunked(rest).ok_or_else(no_http)?,
        Some(length) => rest
            .get(..length)
            .map(|body| (Bytes::copy_from_slice(body), length)),
        // It lasts until the connection ends.
        None => ended.then(|| (Bytes::copy_from_slice(rest), rest.len())),
    };
    Ok(body.map(|(body, length)| {
        let answer = Answer {
            status,
            headers,
            body,
        };
        (answer, body_at + length)
    }))
}

/// A body out of its chunks, and how long they are; `None` inside if they are not complete, outside if they are wrong.
#[allow(clippy::option_option, reason = "wrong and incomplete are different")]
fn unchunked(bytes: &[u8]) -> Option<Option<(Bytes, usize)>> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let (start, length) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((start, length))) => {
                (start, usize::try_from(length).ok()?)
            }
            Ok(httparse::Status::Partial) => return Some(None),
            Err(_) => return None,
        };
        at = at.checked_add(start)?;
        if length == 0 {
            // Trailers, of which nothing is wanted, and an empty line.
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.starts_with(b"\r\n") {
                return Some(Some((body.into(), at + 2)));
            }
            let end = rest.windows(4).position(|four| four == b"\r\n\r\n");
            return Some(end.map(|end| (body.into(), at + end + 4)));
        }
        let end = at.checked_add(length)?;
        let Some(chunk) = bytes.get(at..end) else {
            return Some(None);
        };
        if bytes.len() < end.checked_add(2)? {
            return Some(None);
        }
        body.extend_from_slice(chunk);
        at = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_however_its_end_is_marked() {
        for (text, ended, expected) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKrest",
                false,
                Some(("OK", 4)),
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK",
                false,
                None,
            ),
            ("HTTP/1.1 204 No Content\r\n\r\nrest", false, Some(("", 4))),
            ("HTTP/1.1 100 Continue\r\n\r\n", false, Some(("", 0))),
            ("HTTP/1.0 200 OK\r\n\r\nOK", false, None),
            ("HTTP/1.0 200 OK\r\n\r\nOK", true, Some(("OK", 0))),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nO\r\n1;x=y\r\nK\r\n0\r\n\r\nrest",
                false,
                Some(("OK", 4)),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\nA: b\r\n\r\n",
                false,
                Some(("OK", 0)),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n",
                false,
                None,
            ),
            ("HTTP/1.1 200", false, None),
        ] {
            let parsed = parse(text.as_bytes(), ended).unwrap();
            let parsed = parsed.map(|(answer, length)| {
                (
                    String::from_utf8(answer.body.to_vec()).unwrap(),
                    text.len() - length,
                )
            });
            assert_eq!(
                parsed,
                expected.map(|(body, left)| (body.to_owned(), left)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_http_is_an_error_and_no_panic() {
        for text in [
            "nonsense\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ] {
            assert!(parse(text.as_bytes(), true).is_err(), "{text}");
        }
    }
}
