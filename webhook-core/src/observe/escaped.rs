use std::fmt::{self, Write as _};

/// Text of a request, to be shown in a log: control characters are escaped, and it is cut after 128 characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Escaped<'a>(&'a str);

impl<'a> Escaped<'a> {
    /// The text, to be shown.
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The text as it is. Do not log it, and do not make a label of a metric of it: its sender can choose any number of them.
    pub fn as_raw(&self) -> &'a str {
        self.0
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 128;
        let mut escaped = self.0.chars().flat_map(char::escape_debug);
        for character in escaped.by_ref().take(LONGEST) {
            f.write_char(character)?;
        }
        if escaped.next().is_some() {
            f.write_char('…')?;
        }
        Ok(())
    }
}

/// The same.
impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
