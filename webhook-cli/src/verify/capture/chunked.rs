//! A body that was sent in chunks, as a tool has written it down.

/// What the bytes after the head are, where the head says that they are chunks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    Joined(Joined),
    /// They begin with no size: a tool has joined the chunks already.
    None,
    /// They begin like chunks, and are not whole.
    Broken,
}

/// The chunks as one, and what a sender would not have sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) body: Vec<u8>,
    /// Whether a line end was LF alone.
    pub(super) has_lf: bool,
    /// Whether white space follows the last chunk.
    pub(super) has_more: bool,
}

/// Reads the chunks to the last one.
pub(super) fn read(sent: &[u8]) -> Chunks {
    if line(sent).and_then(|line| size(line.text)).is_none() {
        return Chunks::None;
    }
    joined(sent).map_or(Chunks::Broken, Chunks::Joined)
}

fn joined(sent: &[u8]) -> Option<Joined> {
    let mut joined = Joined::default();
    let mut rest = sent;
    loop {
        let line = line(rest)?;
        joined.has_lf |= line.has_lf;
        rest = line.rest;
        let size = usize::try_from(size(line.text)?).ok()?;
        if size == 0 {
            return ends(rest, &mut joined).then_some(joined);
        }
        let (chunk, after) = rest.split_at_checked(size)?;
        joined.body.extend_from_slice(chunk);
        rest = match after.strip_prefix(b"\r\n") {
            Some(rest) => rest,
            None => {
                joined.has_lf = true;
                after.strip_prefix(b"\n")?
            }
        };
    }
}

/// Whether nothing follows the last chunk but headers, the empty line, which a tool may have left out, and white space.
fn ends(mut after: &[u8], joined: &mut Joined) -> bool {
    while let Some(line) = line(after).filter(|_| !after.is_empty()) {
        joined.has_lf |= line.has_lf;
        after = line.rest;
        if line.text.is_empty() {
            break;
        }
        if !line.text.contains(&b':') {
            return false;
        }
    }
    joined.has_more = !after.is_empty();
    after.trim_ascii().is_empty()
}

struct Line<'a> {
    text: &'a [u8],
    rest: &'a [u8],
    has_lf: bool,
}

/// The first line, which the end of the capture ends as well.
fn line(bytes: &[u8]) -> Option<Line<'_>> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Some(Line {
            text: bytes,
            rest: &[],
            has_lf: false,
        });
    };
    let text = bytes.get(..end)?;
    let without = text.strip_suffix(b"\r");
    Some(Line {
        text: without.unwrap_or(text),
        rest: bytes.get(end + 1..)?,
        has_lf: without.is_none(),
    })
}

/// The size of a chunk in hex, before what extends it.
fn size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = str::from_utf8(digits).ok().filter(|_| is_hex)?;
    u64::from_str_radix(digits, 16).ok()
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
            ("3\r\nabc\r\n0", Some("abc")),
            ("3\r\nab", None),
            ("3\r\nabc", None),
            ("3\r\nabc\r\n", None),
            ("3\r\nabcd\r\n0\r\n\r\n", None),
            ("0\r\n\r\nmore", None),
            ("0\r\nmore\r\n\r\n", None),
            ("ffffffffffffffff\r\nab", None),
        ] {
            let joined = match read(sent.as_bytes()) {
                Chunks::Joined(joined) => Some(joined),
                Chunks::Broken => None,
                Chunks::None => panic!("{sent:?}"),
            };
            let lf = joined.as_ref().is_some_and(|it| it.has_lf || it.has_more);
            assert!(!lf, "{sent:?}");
            let body = joined.map(|it| String::from_utf8(it.body).unwrap());
            assert_eq!(body.as_deref(), expected, "{sent:?}");
        }
        for sent in ["{}", "", "\r\n", "[1]\n", "10000000000000000\r\n", "-1\r\n"] {
            assert_eq!(read(sent.as_bytes()), Chunks::None, "{sent:?}");
        }
    }

    #[test]
    fn what_tools_make_of_line_ends_is_read_and_told() {
        for (sent, has_lf, has_more) in [
            ("3\nabc\n0\n\n", true, false),
            ("3\r\nabc\n0\r\n\r\n", true, false),
            ("3\r\nabc\r\n0\r\n\r\n\n", false, true),
            ("3\nabc\n0\n\n \n\n", true, true),
        ] {
            let body = b"abc".to_vec();
            let expected = Joined {
                body,
                has_lf,
                has_more,
            };
            assert_eq!(read(sent.as_bytes()), Chunks::Joined(expected), "{sent:?}");
        }
    }
}
