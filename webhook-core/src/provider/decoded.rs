use crate::answer::Reply;

/// What an authentic body decodes to.
#[derive(Clone, Debug)]
pub enum Decoded<E> {
    /// An event, for the handler.
    Event(E),
    /// No event but a handshake, such as a signed challenge when the URL is registered: the layer answers it by itself.
    Greeting(Reply),
}

impl<E> From<E> for Decoded<E> {
    fn from(event: E) -> Self {
        Self::Event(event)
    }
}
