use serde::de::IgnoredAny;

/// Whether text is JSON.
pub(super) fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// Walks through text that is known to be JSON, value by value, into objects and arrays.
pub(super) struct Scanner<'a> {
    json: &'a [u8],
    at: usize,
    /// Whether what is open is an object, from the outermost.
    open: Vec<bool>,
}

/// A value of JSON.
pub(super) struct Value<'a> {
    /// Its key as it is written, with the quotes, if it is in an object.
    pub(super) name: Option<&'a [u8]>,
    pub(super) start: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(json: &'a [u8]) -> Self {
        Self {
            json,
            at: 0,
            open: Vec::new(),
        }
    }

    pub(super) fn next(&mut self) -> Option<Value<'a>> {
        loop {
            match self.json.get(self.at)? {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => self.at += 1,
                b'}' | b']' => {
                    self.open.pop();
                    self.at += 1;
                }
                _ => break,
            }
        }
        let mut name = None;
        if self.open.last() == Some(&true) {
            let key = self.string(self.at)?;
            self.at += key.len();
            name = Some(key);
            while matches!(self.json.get(self.at)?, b' ' | b'\t' | b'\r' | b'\n' | b':') {
                self.at += 1;
            }
        }
        let start = self.at;
        match self.json.get(start)? {
            b'{' => {
                self.open.push(true);
                self.at += 1;
            }
            b'[' => {
                self.open.push(false);
                self.at += 1;
            }
            _ => self.at = self.end(start),
        }
        Some(Value { name, start })
    }

    /// The string that starts here, with its quotes, if there is one.
    pub(super) fn string(&self, start: usize) -> Option<&'a [u8]> {
        let text = self.json.get(start..)?;
        if text.first() != Some(&b'"') {
            return None;
        }
        let mut at = 1;
        loop {
            at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
            match text.get(at)? {
                b'"' => return text.get(..=at),
                _ => at += 2,
            }
        }
    }

    /// The number that starts here, if there is one.
    pub(super) fn number(&self, start: usize) -> Option<&'a [u8]> {
        match self.json.get(start)? {
            b'-' | b'0'..=b'9' => self.json.get(start..self.end(start)),
            _ => None,
        }
    }

    /// Goes on after the value that starts here, and returns where that is.
    pub(super) fn leave(&mut self, start: usize) -> usize {
        if matches!(self.json.get(start), Some(b'{' | b'[')) {
            self.open.pop();
            self.at = self.end(start);
        }
        self.at
    }

    /// Where the value that starts here ends.
    fn end(&self, start: usize) -> usize {
        let mut depth = 0_usize;
        let mut at = start;
        while let Some(byte) = self.json.get(at) {
            match byte {
                b'"' => {
                    at += self.string(at).map_or(1, <[u8]>::len);
                    if depth == 0 {
                        return at;
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth <= 1 => return if depth == 0 { at } else { at + 1 },
                b'}' | b']' => depth -= 1,
                b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
                _ => {}
            }
            at += 1;
        }
        at
    }
}
