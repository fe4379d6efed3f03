use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use webhook_core::Rejection;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all bodies that are being received or written may take, in KiB.
const ALL: u32 = 64 * 1024;

/// Reads bodies, within what all of them may take.
#[derive(Clone)]
pub(super) struct Bodies(Arc<Semaphore>);

/// A body, and what it takes until it is dropped.
pub(super) struct Read {
    bytes: Bytes,
    _taken: Vec<OwnedSemaphorePermit>,
}

impl Read {
    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

/// Why there is no body.
pub(super) enum Unread {
    Refused(Rejection),
    /// Others take all there is.
    Busy,
}

impl Bodies {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ALL as usize)))
    }

    /// Reads a body of at most so many bytes.
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        body: Incoming,
        limit: usize,
    ) -> Result<Read, Unread> {
        let announced = headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok());
        let announced: Option<usize> = announced.and_then(|it| it.parse().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(Unread::Refused(Rejection::BodyTooLarge));
        }
        match tokio::time::timeout(PATIENCE, self.collect(body, limit)).await {
            Ok(read) => read,
            Err(_) => Err(Unread::Refused(Rejection::BodyTimeout)),
        }
    }

    async fn collect(&self, mut body: Incoming, limit: usize) -> Result<Read, Unread> {
        let mut bytes = BytesMut::new();
        let mut taken = Vec::new();
        let mut room = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Unread::Refused(Rejection::BodyInterrupted))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let length = bytes.len() + data.len();
            if length > limit {
                return Err(Unread::Refused(Rejection::BodyTooLarge));
            }
            while room < length {
                // In steps that grow with the body, so that they are few.
                let step = u32::try_from(room / 1024).unwrap_or(ALL).clamp(64, 1024);
                let permit = Arc::clone(&self.0).try_acquire_many_owned(step);
                taken.push(permit.map_err(|_| Unread::Busy)?);
                room += step as usize * 1024;
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Read {
            bytes: bytes.freeze(),
            _taken: taken,
        })
    }
}
