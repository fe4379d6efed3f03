use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The response body of [`WebhookService`](crate::WebhookService): the inner service's, or the answer that the
    /// sender documents.
    pub struct ResponseBody<T> {
        #[pin]
        kind: Kind<T>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<T> {
        Inner { #[pin] body: T },
        Reply { bytes: Bytes },
    }
}

impl<T> ResponseBody<T> {
    pub(crate) fn inner(body: T) -> Self {
        Self {
            kind: Kind::Inner { body },
        }
    }

    pub(crate) fn reply(bytes: Bytes) -> Self {
        Self {
            kind: Kind::Reply { bytes },
        }
    }
}

/// An empty body.
impl<T> Default for ResponseBody<T> {
    fn default() -> Self {
        Self::reply(Bytes::new())
    }
}

impl<T> std::fmt::Debug for ResponseBody<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

impl<T: Body<Data = Bytes>> Body for ResponseBody<T> {
    type Data = Bytes;
    type Error = T::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, T::Error>>> {
        match self.project().kind.project() {
            KindProj::Inner { body } => body.poll_frame(cx),
            KindProj::Reply { bytes } if bytes.is_empty() => Poll::Ready(None),
            KindProj::Reply { bytes } => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Reply { bytes } => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Reply { bytes } => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}
