use std::fmt;

/// What is wrong with a body, and where. It never contains text from the body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyError {
    /// What is wrong.
    pub kind: BodyErrorKind,
    /// The line in the JSON text, from 1; 0 if the position is unknown.
    pub line: usize,
    /// The column in that line in bytes, from 1; 0 if the position is unknown.
    pub column: usize,
    /// The path to the error in the target type, such as `data.items[2].price`; empty if unknown. Map keys, which are
    /// text from the body, show as `*`.
    pub path: Box<str>,
}

impl BodyError {
    /// Creates an error without a position.
    pub fn new(kind: BodyErrorKind) -> Self {
        Self {
            kind,
            line: 0,
            column: 0,
            path: Box::default(),
        }
    }

    /// Keeps the kind and position of a JSON error, and drops its message, which may quote the body.
    pub fn from_json(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        let kind = match error.classify() {
            Category::Eof => BodyErrorKind::Truncated,
            Category::Syntax | Category::Io => BodyErrorKind::Syntax,
            Category::Data => BodyErrorKind::DoesNotFit,
        };
        Self {
            kind,
            line: error.line(),
            column: error.column(),
            path: Box::default(),
        }
    }
}

impl From<BodyErrorKind> for BodyError {
    fn from(kind: BodyErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            BodyErrorKind::NotAnObject => f.write_str("the body is not a JSON object"),
            BodyErrorKind::Syntax => f.write_str("the body is not valid JSON"),
            BodyErrorKind::Truncated => f.write_str("the JSON text is cut off"),
            BodyErrorKind::TrailingData => f.write_str("there is data after the JSON object"),
            BodyErrorKind::MissingField(name) => write!(f, "the field `{name}` is missing"),
            BodyErrorKind::RepeatedField(name) => {
                write!(f, "the field `{name}` occurs more than once")
            }
            BodyErrorKind::InvalidField(name) => {
                write!(f, "the field `{name}` is empty or has the wrong type")
            }
            BodyErrorKind::TooDeep(name) => {
                write!(f, "the field `{name}` is nested deeper than 128 levels")
            }
            BodyErrorKind::NotUtf8 => f.write_str("the body is not UTF-8"),
            BodyErrorKind::UnsupportedMediaType => {
                f.write_str("the body is neither a JSON object nor declared as a form")
            }
            BodyErrorKind::InvalidForm => f.write_str("the form is not encoded correctly"),
            BodyErrorKind::RepeatedFormName => f.write_str("a form field occurs more than once"),
            BodyErrorKind::TooManyFormFields => f.write_str("the form has more than 100 fields"),
            BodyErrorKind::ReservedKey => {
                f.write_str("a key begins with `$serde_json::private::`, which serde_json reserves")
            }
            BodyErrorKind::DoesNotFit => f.write_str("the body does not fit the expected type"),
        }?;
        if self.line > 0 {
            write!(f, ", at line {}", self.line)?;
        }
        if self.column > 0 {
            write!(f, " column {}", self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, ", in {}", self.path)?;
        }
        Ok(())
    }
}

impl std::error::Error for BodyError {}

/// The kinds of [`BodyError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyErrorKind {
    /// The JSON value is not an object, or there is no value.
    NotAnObject,
    /// The text is not JSON.
    Syntax,
    /// The JSON text ends before the value is complete.
    Truncated,
    /// Something other than whitespace follows the object.
    TrailingData,
    /// A required field is missing or null.
    MissingField(&'static str),
    /// A field that the sender documents occurs twice.
    RepeatedField(&'static str),
    /// A required field has a type or value that is not accepted.
    InvalidField(&'static str),
    /// A known field is nested deeper than 128 levels.
    TooDeep(&'static str),
    /// Text that must be UTF-8 is not.
    NotUtf8,
    /// The body is neither JSON nor declared as a form.
    UnsupportedMediaType,
    /// A percent escape in a form is incomplete, or decodes to bytes that are not UTF-8.
    InvalidForm,
    /// A form field occurs twice.
    RepeatedFormName,
    /// The form has more than 100 fields.
    TooManyFormFields,
    /// A key is one that serde_json reserves for itself; no sender uses such keys.
    ReservedKey,
    /// The JSON is valid but does not fit the app's type.
    DoesNotFit,
}

impl BodyErrorKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotAnObject => "body_not_an_object",
            Self::Syntax => "body_syntax",
            Self::Truncated => "body_truncated",
            Self::TrailingData => "body_trailing_data",
            Self::MissingField(_) => "body_missing_field",
            Self::RepeatedField(_) => "body_repeated_field",
            Self::InvalidField(_) => "body_invalid_field",
            Self::TooDeep(_) => "body_too_deep",
            Self::NotUtf8 => "body_not_utf8",
            Self::UnsupportedMediaType => "body_unsupported_media_type",
            Self::InvalidForm => "body_invalid_form",
            Self::RepeatedFormName => "body_repeated_form_name",
            Self::TooManyFormFields => "body_too_many_form_fields",
            Self::ReservedKey => "body_reserved_key",
            Self::DoesNotFit => "body_does_not_fit",
        }
    }
}
