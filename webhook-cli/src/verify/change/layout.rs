use super::tokens::{Token, Tokens};

/// White space between the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// None.
    Minified,
    /// One space after a comma and a colon.
    Spaced,
    /// A line for each value, with this before it for each level.
    Indented(&'static str),
}

impl Layout {
    pub(super) const ALL: [Self; 5] = [
        Self::Minified,
        Self::Indented("  "),
        Self::Indented("    "),
        Self::Indented("\t"),
        Self::Spaced,
    ];

    /// The body with this white space, unless it would be longer than this.
    pub(super) fn of(self, json: &[u8], longest: usize) -> Option<Vec<u8>> {
        let mut written = Vec::with_capacity(json.len());
        let mut tokens = Tokens(json).filter(|it| !it.is_space()).peekable();
        let mut depth = 0_usize;
        while let Some(token) = tokens.next() {
            written.extend_from_slice(token.0);
            match token.0 {
                b"{" | b"[" => {
                    // Nothing is between the brackets of an empty list.
                    if tokens.peek().is_some_and(|next| !next.closes()) {
                        depth += 1;
                        self.new_line(&mut written, depth);
                    } else if let Some(close) = tokens.next() {
                        written.extend_from_slice(close.0);
                    }
                }
                b"," if self == Self::Spaced => written.push(b' '),
                b"," => self.new_line(&mut written, depth),
                b":" if self != Self::Minified => written.push(b' '),
                _ => {}
            }
            if tokens.peek().is_some_and(Token::closes) {
                depth = depth.saturating_sub(1);
                self.new_line(&mut written, depth);
            }
            if written.len() > longest {
                return None;
            }
        }
        Some(written)
    }

    fn new_line(self, written: &mut Vec<u8>, depth: usize) {
        if let Self::Indented(indent) = self {
            written.push(b'\n');
            for _ in 0..depth {
                written.extend_from_slice(indent.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(layout: Layout, json: &str) -> String {
        String::from_utf8(layout.of(json.as_bytes(), 10_000).unwrap()).unwrap()
    }

    #[test]
    fn white_space_is_that_of_the_usual_writers() {
        let json = "{\"a\":[1.0,{},[ ]] , \"b \\\" :\":{\"c\":null}}\r\n";
        let minified = r#"{"a":[1.0,{},[]],"b \" :":{"c":null}}"#;
        assert_eq!(laid_out(Layout::Minified, json), minified);
        assert_eq!(
            laid_out(Layout::Spaced, minified),
            r#"{"a": [1.0, {}, []], "b \" :": {"c": null}}"#
        );
        let indented = "{\n  \"a\": [\n    1.0,\n    {},\n    []\n  ],\n  \"b \\\" :\": {\n    \"c\": null\n  }\n}";
        assert_eq!(laid_out(Layout::Indented("  "), minified), indented);
        assert_eq!(laid_out(Layout::Minified, indented), minified);
        assert_eq!(laid_out(Layout::Indented("\t"), " 17 "), "17");
        let written: serde_json::Value = serde_json::from_str(minified).unwrap();
        assert_eq!(
            laid_out(Layout::Indented("  "), &written.to_string()),
            serde_json::to_string_pretty(&written).unwrap()
        );
    }

    #[test]
    fn a_form_that_grows_beyond_reason_is_not_made() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(
            Layout::Indented("    ")
                .of(deep.as_bytes(), 1_000)
                .is_none()
        );
    }
}
