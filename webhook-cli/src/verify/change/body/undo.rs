use bytes::Bytes;
use http::Request;

use super::super::escapes::Escapes;
use super::super::layout::Layout;
use super::super::tokens::is_json;
use crate::verify::capture::announced;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// One way to undo a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undo {
    /// Only as many bytes as `Content-Length` says.
    Cut(usize),
    RemoveBom,
    Trim(Ends),
    Layout(Layout),
    /// By its place in [`Escapes::ALL`].
    Escapes(usize),
    ToLf,
    ToCrlf,
    RemoveLineEnd,
    AddLf,
    AddCrlf,
    AddBom,
}

/// Where white space is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Last,
    /// After the first of the line ends there, which was signed.
    LastButLineEnd,
    First,
    Both,
}

impl Undo {
    /// All that may be tried, in the order in which two of them are applied.
    pub(super) fn all(request: &Request<Bytes>) -> Vec<Self> {
        let body = request.body();
        let mut all = Vec::new();
        let length = announced(request.headers()).and_then(|it| usize::try_from(it).ok());
        all.extend(length.filter(|it| *it < body.len()).map(Self::Cut));
        all.push(Self::RemoveBom);
        all.extend([Ends::Last, Ends::LastButLineEnd, Ends::First, Ends::Both].map(Self::Trim));
        all.extend(Layout::ALL.map(Self::Layout));
        all.extend((0..Escapes::ALL.len()).map(Self::Escapes));
        all.extend([
            Self::ToLf,
            Self::ToCrlf,
            Self::RemoveLineEnd,
            Self::AddLf,
            Self::AddCrlf,
            Self::AddBom,
        ]);
        all
    }

    /// The same, the simplest first: of two that both explain a body, the smaller one is named.
    pub(super) fn simplest_first(all: &[Self]) -> Vec<Self> {
        let mut sorted = all.to_vec();
        sorted.sort_by_key(|it| it.needs_json());
        sorted
    }

    /// Whether this may be tried after another, and could find what neither finds alone.
    pub(super) fn may_follow(self, first: Self) -> bool {
        let about_last_line_end = matches!(self, Self::RemoveLineEnd | Self::AddLf | Self::AddCrlf);
        let is_known = match first {
            // What is cut off says what was added to the end.
            Self::Cut(_) => matches!(self, Self::AddLf | Self::AddCrlf),
            // A layout has no white space at its ends.
            Self::Trim(Ends::First) => matches!(self, Self::Layout(_)),
            Self::Trim(_) => matches!(self, Self::Layout(_)) || about_last_line_end,
            _ => false,
        };
        self.group() > first.group() && !is_known
    }

    /// Changes of one group exclude each other.
    fn group(self) -> u8 {
        match self {
            Self::Cut(_) => 0,
            Self::RemoveBom => 1,
            Self::Trim(_) => 2,
            Self::Layout(_) => 3,
            Self::Escapes(_) => 4,
            Self::ToLf | Self::ToCrlf => 5,
            Self::RemoveLineEnd | Self::AddLf | Self::AddCrlf => 6,
            Self::AddBom => 7,
        }
    }

    /// The body without the change; `None` if it is the same, or if it cannot have happened to this body.
    pub(super) fn applied(self, body: &[u8]) -> Option<Vec<u8>> {
        match self.needs_json() && !is_json(body) {
            true => None,
            false => self.of(body),
        }
    }

    pub(super) fn of(self, body: &[u8]) -> Option<Vec<u8>> {
        let undone = match self {
            Self::Cut(length) => body.get(..length)?.to_vec(),
            Self::RemoveBom => body.strip_prefix(BOM)?.to_vec(),
            Self::Trim(ends) => ends.trimmed(body)?.to_vec(),
            // What is only at the ends of the body is no other layout.
            Self::Layout(layout) => layout
                .of(body, longest(body))
                .filter(|it| it != body.trim_ascii())?,
            Self::Escapes(at) => Escapes::ALL.get(at)?.0.of(body),
            Self::ToLf => with_line_ends(body, b"\n"),
            Self::ToCrlf => with_line_ends(body, b"\r\n"),
            Self::RemoveLineEnd => {
                let body = body.strip_suffix(b"\n")?;
                body.strip_suffix(b"\r").unwrap_or(body).to_vec()
            }
            Self::AddLf => [body, b"\n"].concat(),
            Self::AddCrlf => [body, b"\r\n"].concat(),
            Self::AddBom if body.starts_with(BOM) => return None,
            Self::AddBom => [BOM, body].concat(),
        };
        (undone != body).then_some(undone)
    }

    fn needs_json(self) -> bool {
        matches!(self, Self::Layout(_) | Self::Escapes(_))
    }
}

impl Ends {
    /// One line end at the end is left to [`Undo::RemoveLineEnd`], which says so.
    fn trimmed(self, body: &[u8]) -> Option<&[u8]> {
        let before = body.trim_ascii_end();
        let after = body.get(before.len()..)?;
        match self {
            Self::Last => (!is_line_end(after)).then_some(before),
            Self::LastButLineEnd => {
                let more = without_line_end(after)?;
                (!is_line_end(more)).then_some(body.get(..body.len() - more.len())?)
            }
            Self::First => Some(body.trim_ascii_start()).filter(|it| !it.is_empty()),
            Self::Both => {
                let is_both = !after.is_empty() && body.trim_ascii_start().len() < body.len();
                is_both.then(|| body.trim_ascii())
            }
        }
    }
}

fn is_line_end(bytes: &[u8]) -> bool {
    matches!(bytes, b"\n" | b"\r\n")
}

/// What follows a line end.
fn without_line_end(bytes: &[u8]) -> Option<&[u8]> {
    let after = bytes.strip_prefix(b"\r\n");
    after.or_else(|| bytes.strip_prefix(b"\n"))
}

/// A form that is much longer than the body is not what a sender wrote.
pub(super) fn longest(body: &[u8]) -> usize {
    body.len().saturating_mul(8).saturating_add(64 * 1024)
}

fn with_line_ends(body: &[u8], end: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(body.len());
    let mut lines = body.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        match lines.peek() {
            Some(_) => {
                written.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                written.extend_from_slice(end);
            }
            None => written.extend_from_slice(line),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_makes_no_difference_is_not_tried() {
        for undo in [
            Undo::RemoveBom,
            Undo::Trim(Ends::Last),
            Undo::Trim(Ends::LastButLineEnd),
            Undo::Trim(Ends::First),
            Undo::Trim(Ends::Both),
            Undo::Layout(Layout::Minified),
            Undo::Escapes(0),
            Undo::ToLf,
            Undo::ToCrlf,
            Undo::RemoveLineEnd,
        ] {
            assert_eq!(undo.of(br#"{"a":1}"#), None, "{undo:?}");
        }
    }

    #[test]
    fn line_ends_change_throughout() {
        assert_eq!(Undo::ToLf.of(b"a\r\nb\n\r\n").unwrap(), b"a\nb\n\n");
        assert_eq!(Undo::ToCrlf.of(b"a\r\nb\nc").unwrap(), b"a\r\nb\r\nc");
        assert_eq!(Undo::RemoveLineEnd.of(b"a\r\n").unwrap(), b"a");
        assert_eq!(Undo::RemoveLineEnd.of(b"a\n\n").unwrap(), b"a\n");
    }

    #[test]
    fn white_space_at_the_ends_is_told_from_one_line_end() {
        for (ends, body, expected) in [
            (Ends::Last, "a\n\n", Some("a")),
            (Ends::Last, "a ", Some("a")),
            (Ends::Last, "a\r\n", None),
            (Ends::LastButLineEnd, "a\n\n\n", Some("a\n")),
            (Ends::LastButLineEnd, "a\r\n ", Some("a\r\n")),
            (Ends::LastButLineEnd, "a\n\n", None),
            (Ends::LastButLineEnd, "a \n", None),
            (Ends::First, "\n a\n", Some("a\n")),
            (Ends::Both, "\na\n", Some("a")),
            (Ends::First, "\n", None),
            (Ends::Both, "\na", None),
            (Ends::Both, "a\n\n", None),
        ] {
            let undone = Undo::Trim(ends).of(body.as_bytes());
            let undone = undone.map(|it| String::from_utf8(it).unwrap());
            assert_eq!(undone.as_deref(), expected, "{ends:?} of {body:?}");
        }
    }
}
