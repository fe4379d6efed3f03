use serde_json::value::RawValue;
use webhook_core::{Rejection, Reply};

use super::entry::Kind;
use super::mask::Masks;
use crate::senders::Verdict;

/// What was made of a request, before it is answered.
pub(super) struct Judged {
    pub(super) verdict: Kind,
    pub(super) reason: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) delivery_id: Option<String>,
    pub(super) label: Option<String>,
    pub(super) event: Option<Box<RawValue>>,
    /// What a receiver would answer.
    pub(super) reply: Reply,
}

impl Judged {
    /// What a receiver made of it, with nothing in it that is not kept. Whether what is authentic is proven is the sender's.
    pub(super) fn by(verdict: Verdict, masks: &Masks, is_proven: bool) -> Self {
        match verdict {
            Verdict::Authentic(authentic) => Self {
                kind: Some(masks.text(&authentic.kind)),
                delivery_id: authentic.id.map(|id| masks.text(&id)),
                label: authentic.label,
                event: masks.event(&authentic.event, is_proven),
                ..Self::new(Kind::Authentic, authentic.rule.reply())
            },
            Verdict::Greeted(reply) => Self::new(Kind::Handshake, reply),
            Verdict::Refused { rejection, reply } => Self::refused(&rejection, reply),
        }
    }

    pub(super) fn refused(rejection: &Rejection, reply: Reply) -> Self {
        Self {
            reason: Some(rejection.name().to_owned()),
            ..Self::new(Kind::Refused, reply)
        }
    }

    fn new(verdict: Kind, reply: Reply) -> Self {
        Self {
            verdict,
            reason: None,
            kind: None,
            delivery_id: None,
            label: None,
            event: None,
            reply,
        }
    }
}
