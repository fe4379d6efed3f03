use std::fmt;

/// Why a [`Scheme`](super::Scheme) cannot be used. The message says what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemeError {
    pub(super) scheme: Box<str>,
    pub(super) kind: SchemeErrorKind,
}

impl SchemeError {
    /// The name of the scheme.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What is wrong with it.
    pub fn kind(&self) -> &SchemeErrorKind {
        &self.kind
    }
}

/// The kinds of [`SchemeError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemeErrorKind {
    /// The name is not 1 to 32 lowercase letters, digits, `-` and `_`.
    Name,
    /// Nothing says how a delivery is proven.
    NoCredential,
    /// The credential is in no place, or in two.
    CredentialPlace,
    /// A signature is only read from a header.
    SignatureNotInHeader,
    /// Nothing says how signatures are written.
    NoEncoding,
    /// The separator of a list is the one within a pair, or part of what it separates; or a pair cannot have this name.
    Separator,
    /// This is not the name of a header.
    HeaderName(String),
    /// More headers are read than a scheme may have.
    TooManyHeaders,
    /// Nothing says what is signed.
    NoContent,
    /// The template of the signed content cannot be read, at this byte.
    Template(usize),
    /// A part is in the signed content twice.
    RepeatedPart(String),
    /// The signed content has a time, and nothing says where it is.
    NoTime,
    /// The signed content names a time that is in the body.
    TimeIsInBody,
    /// Nothing says in which unit a time is, or where.
    IncompleteTime,
    /// A time is in a pair, and the credential has no pairs.
    TimeWithoutPairs,
    /// The signed content has no body.
    BodyNotSigned,
    /// A part of variable length touches the next one.
    Adjacent(String),
    /// A part may contain the separator that ends it.
    ContainsSeparator(String),
    /// A part that follows the body may have any character.
    FollowsBody(String),
    /// No value has the form that was given to this part.
    NothingFits(String),
    /// A header of the signed content is the credential, or the time; or one that the event shows is a credential.
    HeaderHasAnotherUse(String),
    /// There is a tolerance, and the time is not signed.
    TimeNotSigned,
    /// There is a tolerance, and no time.
    ToleranceWithoutTime,
    /// A path to a field of the body has an empty key, or more than eight.
    Path(String),
    /// A probe without a signature is compared with nothing.
    EmptyProbe,
    /// This is compared with JSON, or sent as such, and is none.
    NotJson(String),
    /// A key needs an encoding for this algorithm.
    KeyEncoding,
    /// This was set, and nothing reads it.
    Unread(&'static str),
    /// The algorithm needs a feature of the crate.
    Feature(&'static str),
    /// The limit for bodies is zero.
    BodyLimit,
}

impl fmt::Display for SchemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the scheme `{}` cannot be used: ",
            self.scheme.escape_debug()
        )?;
        match &self.kind {
            SchemeErrorKind::Name => {
                f.write_str("give it a name of 1 to 32 lowercase letters, digits, `-` and `_`")
            }
            SchemeErrorKind::NoCredential => f.write_str(
                "nothing says what proves a delivery; set an algorithm and where its credential is",
            ),
            SchemeErrorKind::CredentialPlace => f.write_str(
                "a credential is in exactly one place; name a header, or `bearer`, or a parameter of the query",
            ),
            SchemeErrorKind::SignatureNotInHeader => {
                f.write_str("a signature is read from a header; name the header, or use a token")
            }
            SchemeErrorKind::NoEncoding => f.write_str(
                "nothing says how signatures are written; choose hex, base64 or base64url",
            ),
            SchemeErrorKind::Separator => f.write_str(
                "the separator of the list occurs in the prefix, in the name of a pair, in what it separates, or as `=`; \
                 choose the one that the sender uses, and write names without spaces around them",
            ),
            SchemeErrorKind::HeaderName(name) => write!(
                f,
                "`{}` is not the name of a header; write it in lowercase, without a colon",
                name.escape_debug()
            ),
            SchemeErrorKind::TooManyHeaders => {
                f.write_str("it reads more than 16 headers; keep fewer")
            }
            SchemeErrorKind::NoContent => f.write_str(
                "nothing says what is signed; set `signs`, such as \"{time}.{body}\"",
            ),
            SchemeErrorKind::Template(at) => write!(
                f,
                "`signs` cannot be read at byte {at}; parts are {{body}}, {{time}} and {{header:NAME}}, and a brace is written twice"
            ),
            SchemeErrorKind::RepeatedPart(part) => {
                write!(f, "`signs` has {{{part}}} twice; write it once")
            }
            SchemeErrorKind::NoTime => {
                f.write_str("`signs` has {time}; say where the time is")
            }
            SchemeErrorKind::TimeIsInBody => f.write_str(
                "`signs` has {time}, which is in the body; {body} covers it already, so leave it out",
            ),
            SchemeErrorKind::IncompleteTime => f.write_str(
                "a time needs one place (a header, a pair, or a field of the body) and a unit",
            ),
            SchemeErrorKind::TimeWithoutPairs => f.write_str(
                "the time is in a pair, and the credential has no pairs; name the signature's with `pair`",
            ),
            SchemeErrorKind::BodyNotSigned => f.write_str(
                "the body is not signed, so anyone who has captured one delivery can send it with another body; \
                 add {body} to `signs`, or say `body_is_not_signed`",
            ),
            SchemeErrorKind::Adjacent(part) => write!(
                f,
                "{{{part}}} touches the next part, so characters can move between them under one signature; \
                 give it a length or its only value, or say `allow_adjacent_parts`"
            ),
            SchemeErrorKind::ContainsSeparator(part) => write!(
                f,
                "{{{part}}} may contain the separator that ends it; give it other characters or a length"
            ),
            SchemeErrorKind::FollowsBody(part) => write!(
                f,
                "{{{part}}} follows the body, which may contain anything, so the end of the body can move into it; \
                 say which characters it has, without the one before it, or its length"
            ),
            SchemeErrorKind::NothingFits(part) => write!(
                f,
                "no value of {{{part}}} has the form that was given to it, so every delivery would be refused; mend the form"
            ),
            SchemeErrorKind::HeaderHasAnotherUse(name) => write!(
                f,
                "the header {name} is a credential or the time; leave it out here, and write {{time}} for the time"
            ),
            SchemeErrorKind::TimeNotSigned => f.write_str(
                "the time is not signed, so anyone who repeats a delivery can change it, and a tolerance stops nobody; \
                 add {time} to `signs`, or remove the tolerance, or say `time_is_not_signed`",
            ),
            SchemeErrorKind::ToleranceWithoutTime => {
                f.write_str("there is a tolerance and no time; say where the time is")
            }
            SchemeErrorKind::Path(path) => write!(
                f,
                "`{}` is not a path in the body; write up to eight keys, joined with dots",
                path.escape_debug()
            ),
            SchemeErrorKind::EmptyProbe => f.write_str(
                "a probe without a signature is empty, so every empty request would be one; say what the sender's has",
            ),
            SchemeErrorKind::NotJson(text) => write!(
                f,
                "`{}` is not JSON; write text in quotes, such as \"ping\"",
                text.escape_debug()
            ),
            SchemeErrorKind::KeyEncoding => f.write_str(
                "a public key is written in hex or base64; say which",
            ),
            SchemeErrorKind::Unread(what) => {
                write!(f, "`{what}` is set and nothing reads it; remove it")
            }
            SchemeErrorKind::Feature(feature) => {
                write!(f, "its algorithm needs the feature `{feature}` of the crate; turn it on")
            }
            SchemeErrorKind::BodyLimit => {
                f.write_str("the limit for bodies is zero; set how many bytes one may have")
            }
        }
    }
}

impl std::error::Error for SchemeError {}
