use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::exchange::LONGEST_ANSWER;
use super::{Answer, Failure};

const MOST_HEADERS: usize = 256;

/// What follows the bytes that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It is not known.
    MayCome,
    /// Nothing: the connection has ended.
    Nothing,
    /// Whatever it is, it is not read: the answer is too long.
    Unread,
}

/// An answer at the start of some bytes.
pub(super) struct Parsed {
    pub(super) answer: Answer,
    pub(super) length: usize,
    /// Whether the answer says that the connection ends with it.
    pub(super) closes: bool,
}

/// A complete answer at the start of these bytes, or the beginning of one of which no more is read.
pub(super) fn parse(bytes: &[u8], more: Rest) -> Result<Option<Parsed>, Failure> {
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
    let is_old = response.version == Some(0);
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
    let whole = match length {
        _ if has_no_body => Some((Bytes::new(), 0)),
        _ if is_chunked => match unchunked(rest).ok_or_else(no_http)? {
            Chunks::Whole(body, length) => Some((body, length)),
            Chunks::Part(body) => (more == Rest::Unread).then_some((body, rest.len())),
        },
        Some(length) => match rest.get(..length) {
            Some(body) => Some((Bytes::copy_from_slice(body), length)),
            None => (more == Rest::Unread).then(|| (Bytes::copy_from_slice(rest), rest.len())),
        },
        // It lasts until the connection ends.
        None => (more != Rest::MayCome).then(|| (Bytes::copy_from_slice(rest), rest.len())),
    };
    let has_end = has_no_body || is_chunked || length.is_some();
    Ok(whole.map(|(mut body, length)| {
        body.truncate(LONGEST_ANSWER);
        Parsed {
            closes: !has_end || says_close(&headers, is_old),
            answer: Answer {
                status,
                headers,
                body,
            },
            length: body_at + length,
        }
    }))
}

/// Before HTTP/1.1, every answer is the last one unless it says otherwise.
fn says_close(headers: &HeaderMap, is_old: bool) -> bool {
    let values = headers.get_all(CONNECTION).iter();
    let values = values.filter_map(|it| it.to_str().ok());
    let said: Vec<_> = values
        .flat_map(|it| it.split(','))
        .map(|it| it.trim().to_ascii_lowercase())
        .collect();
    let says = |word: &str| said.iter().any(|it| it == word);
    says("close") || (is_old && !says("keep-alive"))
}

enum Chunks {
    /// A body, and how long its chunks are.
    Whole(Bytes, usize),
    /// What is here of one.
    Part(Bytes),
}

/// A body out of its chunks; `None` if they are wrong.
fn unchunked(bytes: &[u8]) -> Option<Chunks> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let (start, length) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((start, length))) => {
                (start, usize::try_from(length).ok()?)
            }
            Ok(httparse::Status::Partial) => return Some(Chunks::Part(body.into())),
            Err(_) => return None,
        };
        at = at.checked_add(start)?;
        if length == 0 {
            // Trailers, of which nothing is wanted, and an empty line.
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.starts_with(b"\r\n") {
                return Some(Chunks::Whole(body.into(), at + 2));
            }
            let end = rest.windows(4).position(|four| four == b"\r\n\r\n");
            return Some(match end {
                Some(end) => Chunks::Whole(body.into(), at + end + 4),
                None => Chunks::Part(body.into()),
            });
        }
        let end = at.checked_add(length)?;
        let here = bytes.len().min(end);
        body.extend_from_slice(bytes.get(at..here).unwrap_or_default());
        if bytes.len() < end.checked_add(2)? {
            return Some(Chunks::Part(body.into()));
        }
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
            let more = match ended {
                true => Rest::Nothing,
                false => Rest::MayCome,
            };
            let parsed = parse(text.as_bytes(), more).unwrap();
            let parsed = parsed.map(|it| {
                (
                    String::from_utf8(it.answer.body.to_vec()).unwrap(),
                    text.len() - it.length,
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
    fn an_answer_says_whether_it_is_the_last_one() {
        for (head, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", false),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n",
                true,
            ),
            ("HTTP/1.1 200 OK\r\n", true),
            ("HTTP/1.1 204 No Content\r\n", false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n", true),
            (
                "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n",
                false,
            ),
        ] {
            let text = format!("{head}\r\n");
            let parsed = parse(text.as_bytes(), Rest::Nothing).unwrap().unwrap();
            assert_eq!(parsed.closes, expected, "{head}");
        }
    }

    #[test]
    fn of_an_answer_that_is_too_long_the_beginning_is_taken() {
        for (head, body) in [
            ("Content-Length: 100\r\n", "OK"),
            ("Transfer-Encoding: chunked\r\n", "40\r\nOK"),
            ("", "OK"),
        ] {
            let text = format!("HTTP/1.1 200 OK\r\n{head}\r\n{body}");
            assert!(parse(text.as_bytes(), Rest::MayCome).unwrap().is_none());
            let parsed = parse(text.as_bytes(), Rest::Unread).unwrap().unwrap();
            assert_eq!(parsed.answer.body, "OK", "{head}");
            assert_eq!(parsed.length, text.len());
        }
    }

    #[test]
    fn what_is_not_http_is_an_error_and_no_panic() {
        for text in [
            "nonsense\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ] {
            assert!(parse(text.as_bytes(), Rest::Nothing).is_err(), "{text}");
        }
    }
}
