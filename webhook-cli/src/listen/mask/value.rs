use super::look::{Look, Lost, Seen};
use super::{CARD, SECRET};

/// How deep text is read within text: JSON in a form, or in a string of JSON.
const DEPTH: usize = 3;

impl Look<'_> {
    /// What a string of JSON is masked for, all of it.
    pub(super) fn string(&mut self, string: &[u8]) -> Result<Option<&'static str>, Lost> {
        if self.has_short {
            let text = string.get(1..string.len().saturating_sub(1));
            let text = text.unwrap_or_default();
            let is_escaped = text.contains(&b'\\');
            let read = is_escaped.then(|| serde_json::from_slice::<String>(string).ok());
            let read = read.flatten().map(String::into_bytes);
            if self.has_short_secret(read.as_deref().unwrap_or(text)) {
                return Ok(Some(SECRET));
            }
        }
        if !self.can_have(string) {
            return Ok(None);
        }
        let seen = self.at(string);
        if !seen.card && seen.field.is_none() {
            return Ok(seen.secret.then_some(SECRET));
        }
        let text = serde_json::from_slice::<String>(string);
        let text = text.as_ref().map(String::as_bytes).unwrap_or(string);
        self.text(text, seen)
    }

    /// What a number of JSON is masked for.
    pub(super) fn number(&mut self, number: &[u8]) -> Option<&'static str> {
        let has_long = self.whole.secret && self.can_have(number);
        let has_secret = self.masks.is_short_secret(number) || has_long && self.at(number).secret;
        has_secret.then_some(SECRET)
    }

    /// What a value is masked for, all of it.
    pub(super) fn text(&mut self, text: &[u8], seen: Seen) -> Result<Option<&'static str>, Lost> {
        if seen.card {
            // Else what it is the name of may be beside it.
            return match self.within(text, seen) {
                Ok(masked) if !masked.is_empty() => Ok(Some(CARD)),
                _ => Err(Lost(CARD)),
            };
        }
        if let Some(field) = seen.field
            && self.has_field(text, seen)
        {
            return Ok(Some(field));
        }
        Ok(seen.secret.then_some(SECRET))
    }

    /// Whether text is a short secret, or JSON or a form with a value that is one.
    pub(super) fn has_short_secret(&mut self, text: &[u8]) -> bool {
        if !self.has_short {
            return false;
        }
        let within = |look: &mut Self| look.within(text, Seen::default());
        let is_secret = |masked: Vec<String>| masked.iter().any(|name| name == SECRET);
        self.masks.is_short_secret(text)
            || can_have_values(text) && within(self).is_ok_and(is_secret)
    }

    /// Whether text that names a field has it with its value, and does not only speak of it, as a message to people does.
    fn has_field(&mut self, text: &[u8], seen: Seen) -> bool {
        if !can_have_values(text) {
            return false;
        }
        match self.within(text, seen) {
            Ok(masked) => masked.iter().any(|name| name != SECRET),
            // It was not read to its end, or is neither JSON nor a form.
            Err(_) => self.depth == DEPTH || self.has_too_many(),
        }
    }

    /// The names of what is masked in text that is JSON or a form.
    fn within(&mut self, text: &[u8], seen: Seen) -> Result<Vec<String>, Lost> {
        if self.depth == DEPTH {
            return Err(Lost(seen.name().unwrap_or(SECRET)));
        }
        self.depth += 1;
        let masked = self.masked(text, text.contains(&b'='), seen);
        self.depth -= 1;
        masked.map(|body| body.masked)
    }
}

/// Whether text may be JSON or a form.
fn can_have_values(text: &[u8]) -> bool {
    memchr::memchr3(b'{', b'[', b'=', text).is_some()
}
