use std::borrow::Cow;

use bytes::Bytes;
use http::Request;

use super::kit::Kit;
use crate::error::Error;

/// One request that a receiver must tell apart from others.
pub(super) struct Case {
    pub(super) name: Cow<'static, str>,
    /// What is sent, in a few words.
    pub(super) sent: Cow<'static, str>,
    /// What goes wrong where the receiver gets it wrong, in a sentence.
    pub(super) damage: &'static str,
    pub(super) meant: Meant,
    pub(super) wrong_is: fn(&Kit<'_>) -> Grade,
    pub(super) by: By,
    /// Whether its credential is right, so that a receiver that takes it may act on it.
    pub(super) is_proven: bool,
    /// Whether the receiver may close the connection and say nothing.
    pub(super) may_close: bool,
    pub(super) make: Make,
}

type Make = Box<dyn Fn(&Kit<'_>) -> Result<Request<Bytes>, Skip> + Send + Sync>;

/// What a request is meant to be. The core says whether it is, for this sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// The receiver must take it.
    Accepted,
    /// It must not.
    Refused,
}

/// What it is if the receiver gets it wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    Fault,
    Note,
}

/// How a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// As it is.
    Itself,
    /// As it is and, if it is taken, once more as a browser would ask for a page.
    Page,
    /// Head and body in several packets.
    Pieces,
    /// With `Expect: 100-continue`.
    Expect,
    /// Twice on one connection.
    KeepAlive,
    /// The connection ends before the body does.
    Cut,
    /// A byte a second, and never the last one.
    Slow,
    /// As it is, while its answer is read.
    Poured,
    /// Far longer than any event.
    Flood,
    /// With another request in its body.
    Smuggling,
    /// Beside others that differ in their body only.
    Compared,
}

impl By {
    /// Whether it keeps a connection for seconds because of what is sent: others would wait where one is served at a time.
    pub(super) fn keeps_a_connection(self) -> bool {
        matches!(
            self,
            Self::Cut | Self::Slow | Self::Poured | Self::Flood | Self::Smuggling
        )
    }
}

/// Why there is nothing to send.
pub(super) struct Skip(pub(super) Cow<'static, str>);

impl Skip {
    pub(super) fn because(why: impl Into<Cow<'static, str>>) -> Self {
        Self(why.into())
    }

    pub(super) fn without_credential() -> Self {
        Self::because("this sender has no credential: anyone may send this")
    }
}

impl From<Error> for Skip {
    fn from(error: Error) -> Self {
        Self(error.to_string().into())
    }
}

impl Case {
    pub(super) fn accepted(
        name: impl Into<Cow<'static, str>>,
        sent: impl Into<Cow<'static, str>>,
        make: impl Fn(&Kit<'_>) -> Result<Request<Bytes>, Skip> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            sent: sent.into(),
            damage: "",
            meant: Meant::Accepted,
            wrong_is: |_| Grade::Fault,
            by: By::Itself,
            is_proven: false,
            may_close: false,
            make: Box::new(make),
        }
    }

    pub(super) fn refused(
        name: impl Into<Cow<'static, str>>,
        sent: impl Into<Cow<'static, str>>,
        damage: &'static str,
        make: impl Fn(&Kit<'_>) -> Result<Request<Bytes>, Skip> + Send + Sync + 'static,
    ) -> Self {
        Self {
            damage,
            meant: Meant::Refused,
            ..Self::accepted(name, sent, make)
        }
    }

    /// It does no damage that a merchant would see.
    pub(super) fn note(self) -> Self {
        self.graded(|_| Grade::Note)
    }

    /// How much damage it does depends on the sender.
    pub(super) fn graded(self, wrong_is: fn(&Kit<'_>) -> Grade) -> Self {
        Self { wrong_is, ..self }
    }

    /// Its credential is right.
    pub(super) fn proven(self) -> Self {
        Self {
            is_proven: true,
            ..self
        }
    }

    /// Whether some receivers take it for good reasons, and then act on it.
    pub(super) fn may_be_acted_on(&self, kit: &Kit<'_>) -> bool {
        self.is_proven && (self.wrong_is)(kit) == Grade::Note
    }

    pub(super) fn may_close(self) -> Self {
        Self {
            may_close: true,
            ..self
        }
    }

    pub(super) fn damage(self, damage: &'static str) -> Self {
        Self { damage, ..self }
    }

    pub(super) fn by(self, by: By) -> Self {
        Self { by, ..self }
    }
}
