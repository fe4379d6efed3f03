//! JSON as text: its names, numbers and their order stay as they are.

use serde::de::IgnoredAny;

/// Whether a body is JSON, so that its tokens can be told apart.
pub(super) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// A sign, a string, a number or word, or white space.
#[derive(Clone, Copy)]
pub(super) struct Token<'a>(pub(super) &'a [u8]);

impl Token<'_> {
    pub(super) fn is_space(&self) -> bool {
        self.0.first().is_some_and(|byte| is_space(*byte))
    }

    pub(super) fn closes(&self) -> bool {
        matches!(self.0, b"}" | b"]")
    }
}

/// The tokens of a body that is JSON; joined, they are the body.
pub(super) struct Tokens<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let first = *self.0.first()?;
        let length = match first {
            b'"' => string_length(self.0),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            byte if is_space(byte) => self.length_while(is_space),
            _ => self.length_while(|byte| !is_space(byte) && !b"\"{}[],:".contains(&byte)),
        };
        let (token, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Token(token))
    }
}

impl Tokens<'_> {
    fn length_while(&self, is_part: impl Fn(u8) -> bool) -> usize {
        let end = self.0.iter().position(|byte| !is_part(*byte));
        end.unwrap_or(self.0.len())
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The length of a string with its quotes.
fn string_length(json: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = json.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}
