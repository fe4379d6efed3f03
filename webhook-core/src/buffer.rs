use bytes::{Buf, Bytes, BytesMut};

use crate::Rejection;

/// Collects the frames of a body under a limit.
///
/// A body of one frame is taken as it is, without a copy.
#[derive(Debug)]
pub struct BodyBuffer {
    limit: usize,
    first: Bytes,
    joined: BytesMut,
}

impl BodyBuffer {
    /// What is set aside for a second frame at the most. A client can announce any length without sending it, so
    /// growing from here follows what has arrived.
    const RESERVE: usize = 64 * 1024;

    /// An empty buffer that takes `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            first: Bytes::new(),
            joined: BytesMut::new(),
        }
    }

    /// The number of bytes collected.
    pub fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    /// Whether nothing was collected.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.joined.is_empty()
    }

    /// Takes another frame. `expected` is how many bytes are believed to follow it: a hint, never trusted.
    ///
    /// # Errors
    ///
    /// [`Rejection::BodyTooLarge`] if the limit would be exceeded.
    pub fn push(&mut self, mut frame: impl Buf, expected: u64) -> Result<(), Rejection> {
        let length = frame.remaining();
        if length > self.limit.saturating_sub(self.len()) {
            return Err(Rejection::BodyTooLarge);
        }
        if self.is_empty() {
            self.first = frame.copy_to_bytes(length);
            return Ok(());
        }
        if self.joined.is_empty() {
            let expected = usize::try_from(expected).unwrap_or(usize::MAX);
            let whole = self
                .first
                .len()
                .saturating_add(length)
                .saturating_add(expected);
            self.joined
                .reserve(whole.min(self.limit).min(Self::RESERVE));
            self.joined.extend_from_slice(&self.first);
            self.first = Bytes::new();
        }
        bytes::BufMut::put(&mut self.joined, frame);
        Ok(())
    }

    /// The whole body.
    pub fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() {
            self.first
        } else {
            self.joined.freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_frame_is_taken_without_a_copy() {
        let frame = Bytes::from_static(b"{}");
        let at = frame.as_ptr();
        let mut buffer = BodyBuffer::new(2);
        buffer.push(frame, 0).unwrap();
        assert_eq!(buffer.into_bytes().as_ptr(), at);
    }

    #[test]
    fn frames_are_joined_in_order_up_to_the_limit() {
        let mut buffer = BodyBuffer::new(6);
        for frame in ["ab", "", "cd", "ef"] {
            buffer.push(frame.as_bytes(), u64::MAX).unwrap();
        }
        assert_eq!(buffer.push(&b"g"[..], 0), Err(Rejection::BodyTooLarge));
        assert_eq!(buffer.len(), 6);
        assert_eq!(buffer.into_bytes(), "abcdef");
    }
}
