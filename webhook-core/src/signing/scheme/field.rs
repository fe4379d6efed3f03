use serde::Deserialize;

/// Where the topic or the id of a delivery is.
///
/// ```
/// use webhook_core::signing::Field;
///
/// let topic = Field::header("x-shopify-topic");
/// let id = Field::body("event.id"); // {"event":{"id":…}}
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// A header.
    Header(String),
    /// A field of the JSON in the body: its keys, joined with dots.
    Body(String),
}

impl Field {
    /// A header.
    pub fn header(name: impl Into<String>) -> Self {
        Self::Header(name.into())
    }

    /// A field of the JSON in the body, such as `id` or `event.id`: text or a number.
    pub fn body(path: impl Into<String>) -> Self {
        Self::Body(path.into())
    }
}

/// What a header that is part of the signed content may be.
///
/// A part that another one follows without a separator, or that follows the body, needs it: otherwise characters could move
/// from one to the other without changing the signature.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[must_use]
pub struct Form {
    pub(super) exactly: Option<String>,
    pub(super) length: Option<usize>,
    pub(super) characters: Characters,
}

/// The characters that a part of the signed content may have. Any other is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Characters {
    /// Any, except the first of the separator that follows.
    #[default]
    Any,
    /// `0` to `9`.
    Digits,
    /// `0` to `9`, `a` to `f`, `A` to `F`, and `-`, as in a UUID.
    Hex,
    /// Letters and digits of ASCII, `-` and `_`.
    Word,
    /// Those of an RFC 3339 time: digits, `T`, `Z`, `:`, `.`, `+`, `-`.
    Time,
}

impl Form {
    /// Only this value, such as the account's own login.
    pub fn exactly(value: impl Into<String>) -> Self {
        Self {
            exactly: Some(value.into()),
            ..Self::default()
        }
    }

    /// Only these characters.
    pub fn of(characters: Characters) -> Self {
        Self {
            characters,
            ..Self::default()
        }
    }

    /// So many bytes.
    pub fn length(mut self, bytes: usize) -> Self {
        self.length = Some(bytes);
        self
    }

    pub(super) fn is_of_fixed_length(&self) -> bool {
        self.exactly.is_some() || self.length.is_some()
    }
}

impl Characters {
    /// Whether text of these characters may have this byte.
    pub(super) fn include(self, byte: u8) -> bool {
        match self {
            Self::Any => true,
            Self::Digits => byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_hexdigit() || byte == b'-',
            Self::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Time => byte.is_ascii_digit() || b"TZtz:.+-".contains(&byte),
        }
    }
}
