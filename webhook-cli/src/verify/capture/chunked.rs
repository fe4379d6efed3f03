/// The body that was sent in chunks, if that is what the bytes are, to the last one.
pub(super) fn decoded(sent: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let mut rest = sent;
    loop {
        let httparse::Status::Complete((start, length)) = httparse::parse_chunk_size(rest).ok()?
        else {
            return None;
        };
        let data = rest.get(start..)?;
        if length == 0 {
            return ends(data).then_some(body);
        }
        let (chunk, after) = data.split_at_checked(usize::try_from(length).ok()?)?;
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n")?;
    }
}

/// Whether nothing follows the last chunk but headers and the empty line, which a tool may have left out.
fn ends(after: &[u8]) -> bool {
    if matches!(after, b"" | b"\r\n") {
        return true;
    }
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let read = httparse::parse_headers(after, &mut headers);
    matches!(read, Ok(httparse::Status::Complete((length, _))) if length == after.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_chunks_are_joined() {
        for (sent, expected) in [
            ("3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n", Some("abcd")),
            ("3\r\nabc\r\n0\r\nx: y\r\n\r\n", Some("abc")),
            ("0\r\n\r\n", Some("")),
            ("0\r\n", Some("")),
            ("3\r\nab", None),
            ("3\r\nabc", None),
            ("3\r\nabc\r\n", None),
            ("3\r\nabcd\r\n0\r\n\r\n", None),
            ("0\r\n\r\nmore", None),
            ("ffffffffffffffff\r\nab", None),
            ("{}", None),
            ("", None),
        ] {
            let decoded = decoded(sent.as_bytes());
            assert_eq!(decoded.as_deref(), expected.map(str::as_bytes), "{sent:?}");
        }
    }
}
