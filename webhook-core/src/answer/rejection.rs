use std::fmt;

use crate::answer::BodyError;

/// Why a request was refused.
///
/// The sender never sees it: it gets the answer that its documentation specifies. The reason goes to the log and into
/// the response's extensions, for metrics middleware. Of the request it contains only lengths and positions.
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
    /// The request names two endpoints, in its path and its query or both in its query.
    EndpointAmbiguous,
    /// The credential is missing or empty.
    CredentialMissing,
    /// A part of the credential occurs more than once.
    CredentialRepeated,
    /// The credential does not have the form that the sender documents.
    CredentialMalformed,
    /// The credential is longer than the limit, and was not compared.
    CredentialTooLong,
    /// The credential matches no configured secret.
    CredentialMismatch,
    /// The signed timestamp is outside the tolerance.
    TimestampOutsideTolerance,
    /// The handshake names the wrong token, or none, or the app has set none.
    HandshakeRefused,
    /// According to the sender's documentation, such requests cannot be verified. No handler gets them, and they are
    /// answered as the sender asks unless the app refuses them.
    Unverifiable,
    /// The body is longer than the limit, by its `Content-Length` or by what arrived.
    BodyTooLarge,
    /// The body did not arrive in full in time.
    BodyTimeout,
    /// The sender stopped sending, or its framing broke, before the body was complete.
    BodyInterrupted,
    /// The body is complete but not acceptable.
    Body(BodyError),
}

/// The class of a [`Rejection`]: senders answer all rejections of one class alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionClass {
    /// The method of the request.
    Method,
    /// The endpoint that the request names.
    Endpoint,
    /// A handshake.
    Handshake,
    /// The proof of who sent it, in the headers or computed from the body.
    Credential,
    /// A request that no credential can prove, but that the sender wants answered.
    Unverifiable,
    /// The length of the body.
    Size,
    /// The time that the body takes.
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
            Self::HandshakeRefused => "handshake_refused",
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
            Self::HandshakeRefused => RejectionClass::Handshake,
            Self::Unverifiable => RejectionClass::Unverifiable,
            Self::BodyTooLarge => RejectionClass::Size,
            Self::BodyTimeout => RejectionClass::Time,
            Self::BodyInterrupted => RejectionClass::Interruption,
            Self::Body(_) => RejectionClass::Body,
        }
    }

    /// What an operator can do, if the sender has no better advice.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::TimestampOutsideTolerance => {
                "correct this server's clock, or allow a larger tolerance if the sender delivers late"
            }
            Self::CredentialMissing
            | Self::CredentialMalformed
            | Self::CredentialRepeated
            | Self::CredentialTooLong => {
                "check that the sender signs as this layer expects, and that no proxy changes the headers"
            }
            Self::CredentialMismatch => {
                "check that the configured secret matches the sender's, and that the request names its tenant if there are any"
            }
            Self::HandshakeRefused => {
                "give this layer the verify token that was entered where the URL is registered"
            }
            Self::Unverifiable => "ask the sender for deliveries that it signs",
            Self::MethodNotAllowed
            | Self::EndpointUnknown
            | Self::EndpointUnnamed
            | Self::EndpointAmbiguous => "check the URL that the sender has for this endpoint",
            Self::BodyTooLarge => "allow a larger body if the sender sends such",
            Self::BodyTimeout | Self::BodyInterrupted => {
                "check the network between the sender and this server"
            }
            Self::Body(_) => {
                "compare what is sent with the sender's documentation, and with the type it is decoded to"
            }
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
            Self::CredentialMissing => f.write_str("the credential is missing or empty"),
            Self::CredentialRepeated => f.write_str("the credential was sent more than once"),
            Self::CredentialMalformed => {
                f.write_str("the credential does not have the documented form")
            }
            Self::CredentialTooLong => f.write_str("the credential is longer than the limit"),
            Self::CredentialMismatch => f.write_str("the credential matches no configured secret"),
            Self::TimestampOutsideTolerance => {
                f.write_str("the signed timestamp is outside the tolerance")
            }
            Self::HandshakeRefused => f.write_str("the handshake does not name the right token"),
            Self::Unverifiable => {
                f.write_str("the sender does not sign such requests in a way that can be verified")
            }
            Self::BodyTooLarge => f.write_str("the body is longer than the limit"),
            Self::BodyTimeout => f.write_str("the body did not arrive in time"),
            Self::BodyInterrupted => {
                f.write_str("the connection ended before the body was complete")
            }
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
