use crate::answer::Reply;

/// What an authentic body decodes to.
#[derive(Clone, Debug)]
pub enum Decoded<E> {
    /// An event, for the handler.
    Event(E),
    /// No event but a handshake, such as a signed challenge when the URL is registered: the layer answers it by itself.
    Greeting(Reply),
    /// An event of a kind that the app has no use for: it is acknowledged with this reply, and no handler gets it. It must be one
    /// that the sender counts as received.
    Ignored {
        /// The acknowledgement.
        reply: Reply,
        /// What the sender calls the kind, for the log.
        topic: Option<Box<str>>,
    },
}

impl<E> From<E> for Decoded<E> {
    fn from(event: E) -> Self {
        Self::Event(event)
    }
}
