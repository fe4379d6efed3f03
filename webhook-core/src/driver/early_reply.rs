use super::shared::Shared;
use crate::answer::{Rejection, RejectionClass, Reply};
use crate::observe::{Escaped, Stage, Verdict, Watch};
use crate::provider::Provider;
use crate::secrets::Label;

/// A request that is answered without the handler: it was refused, it was a handshake, or its kind is none of the app's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EarlyReply {
    /// The answer, for the sender.
    pub reply: Reply,
    /// Why it was refused, for the app. `None` if it was not.
    pub rejection: Option<Rejection>,
    /// Whether the connection ends with this answer, because the rest of the request will not be read. Send
    /// `Connection: close` on HTTP/1 then.
    pub closes: bool,
}

impl EarlyReply {
    /// An answer that the observers know of.
    pub(super) fn settled(reply: Reply) -> Self {
        Self {
            reply,
            rejection: None,
            closes: false,
        }
    }

    /// Every refusal passes here: the sender's answer, the app's change to it, the observers, the end of the connection.
    #[cold]
    pub(super) fn refused<P: Provider>(
        shared: &Shared<P>,
        watch: Watch,
        rejection: Rejection,
        stage: Stage<'_>,
    ) -> Self {
        watch.refused(&shared.observers, &*shared.provider, &rejection, stage);
        let mut reply = shared.provider.refuse(&rejection);
        if let Some(hook) = &shared.on_refusal {
            reply = hook(&rejection, reply);
        }
        // The rest of such a request is never read, so the next one on this connection could not be found.
        let closes = matches!(
            rejection.class(),
            RejectionClass::Size | RejectionClass::Time | RejectionClass::Interruption
        );
        Self {
            reply,
            rejection: Some(rejection),
            closes,
        }
    }

    #[cold]
    pub(super) fn greeted<P: Provider>(
        shared: &Shared<P>,
        watch: Watch,
        reply: Reply,
        known: (Option<&Label>, Option<usize>),
    ) -> Self {
        let status = reply.status;
        watch.answered(
            &shared.observers,
            &*shared.provider,
            Verdict::Greeted { status },
            known,
        );
        Self::settled(reply)
    }

    #[cold]
    pub(super) fn ignored<P: Provider>(
        shared: &Shared<P>,
        watch: Watch,
        reply: Reply,
        topic: Option<&str>,
        known: (Option<&Label>, Option<usize>),
    ) -> Self {
        let status = reply.status;
        let topic = topic.map(Escaped::new);
        watch.answered(
            &shared.observers,
            &*shared.provider,
            Verdict::Ignored { status, topic },
            known,
        );
        Self::settled(reply)
    }
}
