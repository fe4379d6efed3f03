//! What happens to a body on its way, and how it is undone.

use bytes::Bytes;
use http::Request;

use super::escapes::Escapes;
use super::layout::Layout;
use super::tokens::is_json;
use super::{Change, with_body};
use crate::verify::capture::announced;

const BOM: &[u8] = b"\xef\xbb\xbf";

const PARSED: &str = "something parsed the JSON and wrote it again before the signature was checked, such as a body parser, a proxy, or \
                      the tool that captured it: check the bytes as they arrive";
const EDITED: &str = "an editor, a shell or a tool that captures does that; if this body is what the receiver had, check the bytes as they \
                      arrive";

/// One way to undo a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Undo {
    /// Only as many bytes as `Content-Length` says.
    Cut(usize),
    RemoveBom,
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

impl Undo {
    /// All that may be tried, in the order in which two of them are applied.
    fn all(request: &Request<Bytes>) -> Vec<Self> {
        let body = request.body();
        let mut all = Vec::new();
        let length = announced(request.headers()).and_then(|it| usize::try_from(it).ok());
        all.extend(length.filter(|it| *it < body.len()).map(Self::Cut));
        all.push(Self::RemoveBom);
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
    fn simplest_first(all: &[Self]) -> Vec<Self> {
        let mut sorted = all.to_vec();
        sorted.sort_by_key(|it| it.needs_json());
        sorted
    }

    /// Changes of one group exclude each other.
    fn group(self) -> u8 {
        match self {
            Self::Cut(_) => 0,
            Self::RemoveBom => 1,
            Self::Layout(_) => 2,
            Self::Escapes(_) => 3,
            Self::ToLf | Self::ToCrlf => 4,
            Self::RemoveLineEnd | Self::AddLf | Self::AddCrlf => 5,
            Self::AddBom => 6,
        }
    }

    /// The body without the change; `None` if it is the same, or if it cannot have happened to this body.
    fn of(self, body: &[u8]) -> Option<Vec<u8>> {
        let undone = match self {
            Self::Cut(length) => body.get(..length)?.to_vec(),
            Self::RemoveBom => body.strip_prefix(BOM)?.to_vec(),
            Self::Layout(layout) => layout.of(body, longest(body))?,
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

    /// Name, what happened to this body, how it is without it, and what to do.
    fn words(self, body: &[u8]) -> (&'static str, &'static str, String, &'static str) {
        let (cause, happened, undone, advice) = match self {
            Self::Cut(length) => {
                let undone = format!("only the {length} bytes that Content-Length says");
                return (
                    "body_too_long",
                    "something was added to the end of the body",
                    undone,
                    EDITED,
                );
            }
            Self::Escapes(at) => {
                let undone = Escapes::ALL.get(at).map_or("other escapes", |it| it.1);
                let happened = "the body was re-escaped";
                return ("body_reescaped", happened, undone.to_owned(), PARSED);
            }
            Self::Layout(layout) => {
                let (cause, happened) = layout_of(body);
                let undone = match layout {
                    Layout::Minified => "no white space around the tokens of the body",
                    Layout::Spaced => {
                        "a space after each comma and colon of the body, as Python writes it"
                    }
                    Layout::Indented("\t") => "the body indented by tabs",
                    Layout::Indented("  ") => "the body indented by 2 spaces",
                    Layout::Indented(_) => "the body indented by 4 spaces",
                };
                (cause, happened, undone, PARSED)
            }
            Self::RemoveBom => (
                "body_byte_order_mark",
                "a byte order mark was put before the body",
                "no byte order mark before the body",
                EDITED,
            ),
            Self::AddBom => (
                "body_byte_order_mark",
                "the byte order mark before the body was removed",
                "a byte order mark (EF BB BF) before the body",
                PARSED,
            ),
            Self::ToLf => (
                "body_line_ends",
                "the line ends in the body became CRLF",
                "LF as the line ends in the body",
                EDITED,
            ),
            Self::ToCrlf => (
                "body_line_ends",
                "the line ends in the body became LF",
                "CRLF as the line ends in the body",
                EDITED,
            ),
            Self::RemoveLineEnd => (
                "body_last_line_end",
                "a line end was added to the body",
                "no line end after the body",
                EDITED,
            ),
            Self::AddLf => (
                "body_last_line_end",
                "the last line end of the body is gone",
                "a line end (LF) after the body",
                EDITED,
            ),
            Self::AddCrlf => (
                "body_last_line_end",
                "the last line end of the body is gone",
                "a line end (CRLF) after the body",
                EDITED,
            ),
        };
        (cause, happened, undone.to_owned(), advice)
    }
}

/// What happened to the white space of a body that had another before.
fn layout_of(body: &[u8]) -> (&'static str, &'static str) {
    // Writers of files end the last line.
    let text = body.strip_suffix(b"\n").unwrap_or(body);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let is_laid_out = |layout: &Layout| {
        let written = layout.of(text, longest(text));
        written.is_some_and(|it| it == text)
    };
    match Layout::ALL.iter().find(|layout| is_laid_out(layout)) {
        Some(Layout::Minified) => ("body_minified", "the body was minified"),
        Some(_) => ("body_reindented", "the body was re-indented"),
        None => (
            "body_white_space",
            "the white space between the tokens of the body was changed",
        ),
    }
}

/// A form that is much longer than the body is not what a sender wrote.
fn longest(body: &[u8]) -> usize {
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

/// The request with one change of its body undone, then with two, each made when it is asked for.
pub(in crate::verify) fn changes(request: &Request<Bytes>) -> impl Iterator<Item = Change> + '_ {
    let all = Undo::all(request);
    let singles = Undo::simplest_first(&all).into_iter().filter_map(|undo| {
        let body = applied(undo, request.body())?;
        let (cause, happened, undone, advice) = undo.words(request.body());
        Some(Change {
            causes: vec![cause],
            happened: happened.to_owned(),
            undone,
            advice,
            request: with_body(request, body),
        })
    });
    let firsts = all.clone().into_iter();
    let pairs = firsts.flat_map(move |first| {
        let between = applied(first, request.body());
        let seconds = all
            .clone()
            .into_iter()
            .filter(move |it| it.group() > first.group());
        seconds.filter_map(move |second| {
            let between = between.as_deref()?;
            let body = applied(second, between)?;
            let (cause_1, happened_1, undone_1, advice) = first.words(request.body());
            let (cause_2, happened_2, undone_2, _) = second.words(between);
            Some(Change {
                causes: vec![cause_1, cause_2],
                happened: both(happened_1, happened_2),
                undone: format!("{undone_1}, and {undone_2}"),
                advice,
                request: with_body(request, body),
            })
        })
    });
    singles.chain(pairs)
}

/// Two sentences as one.
fn both(first: &str, second: &str) -> String {
    const SAME: &str = "the body was ";
    match second.strip_prefix(SAME) {
        Some(second) if first.starts_with(SAME) => format!("{first} and {second}"),
        _ => format!("{first}, and {second}"),
    }
}

fn applied(undo: Undo, body: &[u8]) -> Option<Vec<u8>> {
    match undo.needs_json() && !is_json(body) {
        true => None,
        false => undo.of(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_makes_no_difference_is_not_tried() {
        for undo in [
            Undo::RemoveBom,
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
    fn two_changes_are_undone_together() {
        let mut request = Request::new(Bytes::from_static(b"\xef\xbb\xbf{\n  \"a/b\": 1\n}\n"));
        *request.method_mut() = http::Method::POST;
        let all: Vec<_> = changes(&request).collect();
        assert!(all.len() < 400, "{}", all.len());
        let found = |body: &[u8]| all.iter().find(|it| it.request.body() == body).unwrap();
        assert_eq!(
            found(b"{\n  \"a/b\": 1\n}\n").causes,
            ["body_byte_order_mark"]
        );
        assert_eq!(
            found(br#"{"a/b":1}"#).causes,
            ["body_byte_order_mark", "body_reindented"]
        );
    }
}
