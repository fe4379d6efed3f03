use std::fmt;

/// What makes a body unacceptable, and where. It never holds text of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyError {
    /// What is wrong.
    pub kind: BodyErrorKind,
    /// The line of the JSON text, from 1; 0 where no position is known.
    pub line: usize,
    /// The column in that line in bytes, from 1; 0 where no position is known.
    pub column: usize,
    /// The fields and positions that lead to the place in the type that was decoded to, such as `data.items[2].price`;
    /// empty where none is known. The keys of maps, which are text of the body, show as `*`.
    pub path: Box<str>,
}

impl BodyError {
    /// An error without a position.
    pub fn new(kind: BodyErrorKind) -> Self {
        Self {
            kind,
            line: 0,
            column: 0,
            path: Box::default(),
        }
    }

    /// Keeps kind and position of a JSON error; its message is dropped because it may quote the body.
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
            BodyErrorKind::Truncated => f.write_str("the JSON text ends too early"),
            BodyErrorKind::TrailingData => f.write_str("something follows the JSON object"),
            BodyErrorKind::MissingField(name) => write!(f, "the field `{name}` is absent"),
            BodyErrorKind::RepeatedField(name) => {
                write!(f, "the field `{name}` occurs more than once")
            }
            BodyErrorKind::InvalidField(name) => {
                write!(
                    f,
                    "the field `{name}` is not of an accepted type or is empty"
                )
            }
            BodyErrorKind::TooDeep(name) => {
                write!(f, "the field `{name}` is nested deeper than 128 levels")
            }
            BodyErrorKind::NotUtf8 => f.write_str("the body is not UTF-8"),
            BodyErrorKind::UnsupportedMediaType => {
                f.write_str("the body is neither a JSON object nor declared as a form")
            }
            BodyErrorKind::InvalidForm => f.write_str("the form is not validly encoded"),
            BodyErrorKind::RepeatedFormName => {
                f.write_str("a name occurs more than once in the form")
            }
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
    /// The JSON value is no object, or there is none.
    NotAnObject,
    /// The text is not JSON.
    Syntax,
    /// The JSON text ends before the value is complete.
    Truncated,
    /// Something other than white space follows the object.
    TrailingData,
    /// A required field is absent or null.
    MissingField(&'static str),
    /// A field that the sender documents occurs twice.
    RepeatedField(&'static str),
    /// A required field has a type or value that is not accepted.
    InvalidField(&'static str),
    /// A known field is nested deeper than 128 levels.
    TooDeep(&'static str),
    /// Text that has to be UTF-8 is not.
    NotUtf8,
    /// The body is neither JSON nor announced as a form.
    UnsupportedMediaType,
    /// A percent escape of a form is incomplete, or decodes to bytes that are not UTF-8.
    InvalidForm,
    /// A name of a form occurs twice.
    RepeatedFormName,
    /// The form has more than 100 fields.
    TooManyFormFields,
    /// A key is one that serde_json gives a meaning of its own; no sender has such a key.
    ReservedKey,
    /// The JSON is valid and does not fit the type that the app asked for.
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
