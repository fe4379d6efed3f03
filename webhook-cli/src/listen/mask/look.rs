use super::json::{Scanner, is_json};
use super::needles::Needles;
use super::text::Reader;
use super::{Body, CARD, MASK, Masks, SECRET, add};

/// A longer body is not masked: what should be is lost with it.
const LONGEST: usize = 1024 * 1024;

/// How much is masked in a body. More is no sender's.
const MOST: usize = 1000;

/// A field or a secret that may be left, and cannot be masked.
#[derive(Debug)]
pub(super) struct Lost(pub(super) &'static str);

/// What may be in bytes, in some spelling.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) card: bool,
    /// A field of the sender.
    pub(super) field: Option<&'static str>,
    pub(super) secret: bool,
}

impl Seen {
    fn is_nothing(self) -> bool {
        self.name().is_none()
    }

    /// What is said to be masked or lost.
    pub(super) fn name(self) -> Option<&'static str> {
        let card = self.card.then_some(CARD);
        card.or(self.field).or(self.secret.then_some(SECRET))
    }
}

/// Looks through one body.
pub(super) struct Look<'a> {
    pub(super) masks: &'a Masks,
    reader: Reader,
    /// Whether a card token is a field as others are: the rest is kept.
    is_card_a_field: bool,
    /// What is in the body at all: nothing else is looked for in its parts.
    pub(super) whole: Seen,
    pub(super) depth: usize,
    /// Whether a secret is too short to be looked for in the body as a whole.
    pub(super) has_short: bool,
    /// How much was masked.
    count: usize,
}

impl<'a> Look<'a> {
    pub(super) fn new(masks: &'a Masks) -> Self {
        Self {
            masks,
            reader: Reader::default(),
            is_card_a_field: false,
            whole: Seen {
                card: true,
                field: masks.fields.first().map(|(field, _)| *field),
                secret: true,
            },
            depth: 0,
            has_short: masks.secrets.iter().any(|secrets| secrets.has_short()),
            count: 0,
        }
    }

    /// For a body that has no card token, though it may have the name of one.
    pub(super) fn without_cards(mut self) -> Self {
        self.is_card_a_field = true;
        self.whole.card = false;
        self.whole.field = self.whole.field.or(Some(CARD));
        self
    }

    /// The fields that are masked where they are named, that of a card token after the sender's.
    fn fields(&self) -> impl Iterator<Item = (&'static str, &'a Needles)> + Clone + use<'a> {
        let card = self.is_card_a_field.then_some((CARD, &self.masks.card));
        let fields = self.masks.fields.iter();
        fields.map(|(field, needles)| (*field, needles)).chain(card)
    }

    /// What is in these bytes.
    pub(super) fn at(&mut self, bytes: &[u8]) -> Seen {
        let mut seen = Seen::default();
        let (masks, whole, fields) = (self.masks, self.whole, self.fields());
        let is_read = self.reader.read(bytes, |layer| {
            seen.card = seen.card || whole.card && masks.card.are_in(layer);
            seen.secret = seen.secret || whole.secret && masks.secrets_are_in(layer);
            if seen.field.is_none() && whole.field.is_some() {
                let found = fields.clone().find(|(_, needles)| needles.are_in(layer));
                seen.field = found.map(|(field, _)| field);
            }
        });
        // Below more layers of escapes may be anything.
        if is_read { seen } else { self.whole }
    }

    /// A body without the fields and the values that are masked.
    pub(super) fn body(&mut self, bytes: &[u8], is_form: bool) -> Result<Body, Lost> {
        self.whole = self.at(bytes);
        if self.whole.is_nothing() && !self.has_short {
            return Ok(Body::of(bytes.to_vec()));
        }
        if bytes.len() > LONGEST
            && let Some(what) = self.whole.name()
        {
            return Err(Lost(what));
        }
        let body = self.masked(bytes, is_form, self.whole)?;
        match self.whole.secret {
            true => self.without_secrets(body),
            false => Ok(body),
        }
    }

    /// Masks what is left of secrets, and makes sure that nothing is.
    fn without_secrets(&mut self, mut body: Body) -> Result<Body, Lost> {
        let Some(bytes) = &mut body.bytes else {
            return Ok(body);
        };
        let was_json = is_json(bytes);
        for secrets in &self.masks.secrets {
            if let Some(masked) = secrets.masked(bytes) {
                *bytes = masked;
                add(&mut body.masked, SECRET);
            }
        }
        // A secret may have been of more than one value.
        let is_broken = was_json && !is_json(bytes);
        match is_broken || self.at(bytes).secret {
            true => Err(Lost(SECRET)),
            false => Ok(body),
        }
    }

    pub(super) fn masked(&mut self, bytes: &[u8], is_form: bool, seen: Seen) -> Result<Body, Lost> {
        if is_json(bytes) {
            return self.in_json(bytes);
        }
        if is_form {
            return self.in_form(bytes);
        }
        match (seen.card, seen.field) {
            (true, _) => Err(Lost(CARD)),
            (false, Some(field)) if field != CARD => Err(Lost(field)),
            _ if self.masks.is_short_secret(bytes.trim_ascii()) => Ok(Body {
                bytes: Some(MASK.as_bytes().to_vec()),
                masked: vec![SECRET.to_owned()],
            }),
            _ => Ok(Body::of(bytes.to_vec())),
        }
    }

    pub(super) fn in_json(&mut self, json: &[u8]) -> Result<Body, Lost> {
        let mut bytes = Vec::with_capacity(json.len());
        let mut masked = Vec::new();
        let mut scanner = Scanner::new(json);
        let mut from = 0;
        while let Some(value) = scanner.next() {
            let is_nothing = || {
                let value = json.get(value.start..).unwrap_or_default();
                value.starts_with(b"null") || value.starts_with(b"\"\"")
            };
            let mut found = match value.name {
                Some(key) => self.key(key)?.filter(|_| !is_nothing()),
                None => None,
            };
            if let (None, Some(string)) = (found, scanner.string(value.start)) {
                found = self.string(string)?;
            }
            if let (None, Some(number)) = (found, scanner.number(value.start)) {
                found = self.number(number);
            }
            if let Some(name) = found {
                self.count(name)?;
                add(&mut masked, name);
                bytes.extend_from_slice(json.get(from..value.start).unwrap_or_default());
                bytes.push(b'"');
                bytes.extend_from_slice(MASK.as_bytes());
                bytes.push(b'"');
                from = scanner.leave(value.start);
            }
        }
        bytes.extend_from_slice(json.get(from..).unwrap_or_default());
        Ok(Body {
            bytes: Some(bytes),
            masked,
        })
    }

    /// The field that a key of JSON names.
    fn key(&mut self, key: &[u8]) -> Result<Option<&'static str>, Lost> {
        if !self.can_have(key) {
            return Ok(None);
        }
        let seen = self.at(key);
        if !seen.card && seen.field.is_none() {
            return Ok(None);
        }
        let name = serde_json::from_slice::<String>(key);
        let name = name.as_ref().map(String::as_bytes).unwrap_or(key);
        self.named(name, seen)
    }

    /// The field of this name. One that only has a card token's in it may have the value as well.
    pub(super) fn named(&self, name: &[u8], seen: Seen) -> Result<Option<&'static str>, Lost> {
        if seen.card {
            return match is_name_of(name, CARD) {
                true => Ok(Some(CARD)),
                false => Err(Lost(CARD)),
            };
        }
        let mut fields = self.fields().map(|(field, _)| field);
        Ok(fields.find(|field| is_name_of(name, field)))
    }

    /// Says that something more is masked.
    pub(super) fn count(&mut self, name: &'static str) -> Result<(), Lost> {
        self.count += 1;
        match self.has_too_many() {
            true => Err(Lost(name)),
            false => Ok(()),
        }
    }

    pub(super) fn has_too_many(&self) -> bool {
        self.count > MOST
    }

    /// Whether text is long enough: of short ones a body may have millions.
    pub(super) fn can_have(&self, text: &[u8]) -> bool {
        text.len() >= self.masks.shortest
    }
}

/// Whether this is the name of a field, alone or at the end of a path such as `order[token_id]`.
pub(super) fn is_name_of(name: &[u8], field: &str) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let name =
        name.trim_end_matches(|character: char| character == ']' || character.is_whitespace());
    let last = name.rsplit(['[', '.']).next().unwrap_or_default();
    last.trim() == field
}
