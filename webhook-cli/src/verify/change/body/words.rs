//! What a change of a body is called.

use super::super::escapes::Escapes;
use super::super::layout::Layout;
use super::undo::{Ends, Undo, longest};

const PARSED: &str = "something parsed the JSON and wrote it again before the signature was checked, such as a body parser, a proxy, or \
                      the tool that captured it: check the bytes as they arrive";
const EDITED: &str = "an editor, a shell or a tool that captures does that; if this body is what the receiver had, check the bytes as they \
                      arrive";

/// What is said about a change.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// Its name for scripts, and what happened; `None` if it is no change of the body as it arrived, but of what undoing another
    /// has left.
    pub(super) happened: Option<(&'static str, &'static str)>,
    /// How the body is without it.
    pub(super) undone: String,
    /// What to do.
    pub(super) advice: &'static str,
}

impl Undo {
    /// What this undoes in a body.
    pub(super) fn words(self, body: &[u8]) -> Words {
        let (cause, happened, undone, advice) = match self {
            Self::Cut(length) => (
                "body_too_long",
                "something was added to the end of the body",
                format!("only the {length} bytes that Content-Length says"),
                EDITED,
            ),
            Self::Escapes(at) => {
                let undone = Escapes::ALL.get(at).map_or("other escapes", |it| it.1);
                let happened = "the body was re-escaped";
                ("body_reescaped", happened, undone.to_owned(), PARSED)
            }
            Self::Layout(layout) => {
                let (cause, happened) = layout_of(body);
                (cause, happened, laid_out(layout).to_owned(), PARSED)
            }
            Self::Trim(ends) => {
                let (happened, undone) = trimmed(ends);
                ("body_padded", happened, undone.to_owned(), EDITED)
            }
            of_ends => {
                let (cause, happened, undone, advice) = of_ends.words_of_ends();
                (cause, happened, undone.to_owned(), advice)
            }
        };
        Words {
            happened: Some((cause, happened)),
            undone,
            advice,
        }
    }

    /// The same for what is undone after another, in the body that this has left.
    ///
    /// A layout has only line ends of its own, so what it takes to bring the sender's back is no second thing that happened,
    /// unless the body as it arrived lacks them.
    pub(super) fn words_after(self, first: Self, arrived: &[u8], left: &[u8]) -> Words {
        let words = self.words(left);
        if !matches!(first, Self::Layout(_)) {
            return words;
        }
        let end = arrived
            .get(arrived.trim_ascii_end().len()..)
            .unwrap_or_default();
        let happened = match (self, line_ends(arrived), line_ends(end)) {
            (Self::ToCrlf, (false, _), _) => None,
            (Self::AddLf, _, (true, _)) | (Self::AddCrlf, _, (_, true)) => None,
            (Self::AddLf, _, (false, true)) => Self::ToLf.words(left).happened,
            (Self::AddCrlf, _, (true, false)) => Self::ToCrlf.words(left).happened,
            _ => words.happened,
        };
        Words { happened, ..words }
    }

    fn words_of_ends(self) -> (&'static str, &'static str, &'static str, &'static str) {
        const GONE: &str = "the last line end of the body is gone";
        match self {
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
            Self::AddLf => (
                "body_last_line_end",
                GONE,
                "a line end (LF) after the body",
                EDITED,
            ),
            Self::AddCrlf => (
                "body_last_line_end",
                GONE,
                "a line end (CRLF) after the body",
                EDITED,
            ),
            _ => (
                "body_last_line_end",
                "a line end was added to the body",
                "no line end after the body",
                EDITED,
            ),
        }
    }

    /// What is tried with it, after "the body".
    pub(super) fn tried(self) -> &'static str {
        match self {
            Self::Cut(_) => "cut to its Content-Length",
            Self::RemoveBom => "without its byte order mark",
            Self::Trim(_) => "without the white space at its ends",
            Self::Layout(Layout::Minified) => "minified",
            Self::Layout(Layout::Spaced) => "with a space after each comma and colon",
            Self::Layout(Layout::Indented(_)) => "indented",
            Self::Escapes(_) => "re-escaped",
            Self::ToLf | Self::ToCrlf => "with other line ends",
            Self::RemoveLineEnd => "without its last line end",
            Self::AddLf | Self::AddCrlf => "with a line end after it",
            Self::AddBom => "with a byte order mark",
        }
    }
}

/// Whether text has LF, and whether it has CRLF.
fn line_ends(text: &[u8]) -> (bool, bool) {
    let crlf = text.windows(2).filter(|it| *it == b"\r\n").count();
    let all = text.iter().filter(|byte| **byte == b'\n').count();
    (all > crlf, crlf > 0)
}

fn trimmed(ends: Ends) -> (&'static str, &'static str) {
    match ends {
        Ends::Last => (
            "white space was added after the body",
            "no white space after the body",
        ),
        Ends::LastButLineEnd => (
            "white space was added after the body",
            "only the first line end after the body",
        ),
        Ends::First => (
            "white space was added before the body",
            "no white space before the body",
        ),
        Ends::Both => (
            "white space was added before and after the body",
            "no white space before and after the body",
        ),
    }
}

fn laid_out(layout: Layout) -> &'static str {
    match layout {
        Layout::Minified => "no white space around the tokens of the body",
        Layout::Spaced => "a space after each comma and colon of the body",
        Layout::Indented("\t") => "the body indented by tabs",
        Layout::Indented("  ") => "the body indented by 2 spaces",
        Layout::Indented(_) => "the body indented by 4 spaces",
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
        Some(Layout::Spaced) => (
            "body_spaced",
            "the body was written with a space after each comma and colon",
        ),
        Some(Layout::Indented(_)) => ("body_reindented", "the body was re-indented"),
        None => (
            "body_white_space",
            "the white space around the tokens of the body was changed",
        ),
    }
}
