use std::fmt;

/// Why a request was refused.
///
/// The sender never sees it: it gets the answer that its documentation asks for. The reason goes to the log and into
/// the extensions of the response, where metrics middleware finds it. It holds nothing of the request but lengths and
/// positions.
///
/// ```
/// use webhook_core::{Rejection, RejectionClass};
///
/// let rejection = Rejection::CredentialMismatch;
/// assert_eq!(rejection.name(), "credential_mismatch");
/// assert_eq!(rejection.class(), RejectionClass::Credential);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// The method is not `POST`.
    MethodNotAllowed,
    /// The request names an endpoint that the sender does not have, or one that this layer does not serve.
    EndpointUnknown,
    /// The request names no endpoint of the sender, and the layer was not built for one.
    EndpointUnnamed,
    /// The request names two endpoints, in its path and its query or twice in its query.
    EndpointAmbiguous,
    /// The credential is absent or empty.
    CredentialMissing,
    /// A part of the credential occurs more than once.
    CredentialRepeated,
    /// The credential is not of the form that the sender documents.
    CredentialMalformed,
    /// The credential is longer than any that is accepted; it was not compared.
    CredentialTooLong,
    /// The credential matches no configured secret.
    CredentialMismatch,
    /// The signed timestamp lies outside the tolerance.
    TimestampOutsideTolerance,
    /// By the sender's own documentation this kind of request cannot be verified. It is handed to nobody, and answered
    /// as the sender asks unless the app refuses it.
    Unverifiable,
    /// The body is longer than the limit, by what it announces or by what arrived.
    BodyTooLarge,
    /// The body was not complete in time.
    BodyTimeout,
    /// The sender stopped sending, or its framing broke, before the body was complete.
    BodyInterrupted,
    /// The body is complete and cannot be accepted.
    Body(BodyError),
}

/// The step that a [`Rejection`] belongs to: senders answer all reasons of one class alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionClass {
    /// The method of the request.
    Method,
    /// The endpoint that the request names.
    Endpoint,
    /// The proof of who sent it, in the head or computed from the body.
    Credential,
    /// A request that no credential can prove, and that the sender wants answered all the same.
    Unverifiable,
    /// The length of the body.
    Size,
    /// The time that the body took.
    Time,
    /// The connection broke.
    Interruption,
    /// The content of the body.
    Body,
}

impl Rejection {
    /// A short stable name for metrics and logs, such as `credential_missing`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MethodNotAllowed => "method_not_allowed",
            Self::EndpointUnknown => "endpoint_unknown",
            Self::EndpointUnnamed => "endpoint_unnamed",
            Self::EndpointAmbiguous => "endpoint_ambiguous",
            Self::CredentialMissing => "credential_missing",
            Self::CredentialRepeated => "credential_repeated",
            Self::CredentialMalformed => "credential_malformed",
            Self::CredentialTooLong => "credential_too_long",
            Self::CredentialMismatch => "credential_mismatch",
            Self::TimestampOutsideTolerance => "timestamp_outside_tolerance",
            Self::Unverifiable => "unverifiable",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::BodyInterrupted => "body_interrupted",
            Self::Body(error) => error.kind.name(),
        }
    }

    /// The step that refused the request.
    pub fn class(&self) -> RejectionClass {
        match self {
            Self::MethodNotAllowed => RejectionClass::Method,
            Self::EndpointUnknown | Self::EndpointUnnamed | Self::EndpointAmbiguous => {
                RejectionClass::Endpoint
            }
            Self::CredentialMissing
            | Self::CredentialRepeated
            | Self::CredentialMalformed
            | Self::CredentialTooLong
            | Self::CredentialMismatch
            | Self::TimestampOutsideTolerance => RejectionClass::Credential,
            Self::Unverifiable => RejectionClass::Unverifiable,
            Self::BodyTooLarge => RejectionClass::Size,
            Self::BodyTimeout => RejectionClass::Time,
            Self::BodyInterrupted => RejectionClass::Interruption,
            Self::Body(_) => RejectionClass::Body,
        }
    }

    /// What an operator can do where a sender knows nothing better.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::TimestampOutsideTolerance => {
                "set this server's clock, or allow a larger tolerance if the sender delivers late"
            }
            Self::CredentialMissing
            | Self::CredentialMalformed
            | Self::CredentialRepeated
            | Self::CredentialTooLong => {
                "check that the sender signs as this layer expects, and what a proxy in front does to the headers"
            }
            _ => "check that the configured secret is the one that the sender has",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MethodNotAllowed => f.write_str("the method is not POST"),
            Self::EndpointUnknown => {
                f.write_str("the request names an endpoint that this layer does not serve")
            }
            Self::EndpointUnnamed => f.write_str("the request names no endpoint"),
            Self::EndpointAmbiguous => f.write_str("the request names two endpoints"),
            Self::CredentialMissing => f.write_str("the credential is absent or empty"),
            Self::CredentialRepeated => f.write_str("the credential was sent more than once"),
            Self::CredentialMalformed => {
                f.write_str("the credential is not of the documented form")
            }
            Self::CredentialTooLong => f.write_str("the credential is longer than any accepted"),
            Self::CredentialMismatch => f.write_str("the credential matches no configured secret"),
            Self::TimestampOutsideTolerance => {
                f.write_str("the signed timestamp lies outside the tolerance")
            }
            Self::Unverifiable => f.write_str("the sender does not sign such requests verifiably"),
            Self::BodyTooLarge => f.write_str("the body is longer than the limit"),
            Self::BodyTimeout => f.write_str("the body was not complete in time"),
            Self::BodyInterrupted => f.write_str("the body ended before it was complete"),
            Self::Body(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Rejection {}

impl From<BodyError> for Rejection {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

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
    fn name(self) -> &'static str {
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
