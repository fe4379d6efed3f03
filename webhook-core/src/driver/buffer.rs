use bytes::{Buf, BufMut, Bytes};

use crate::answer::Rejection;

/// Collects the frames of a body under a limit.
///
/// A body of one frame is taken as it is, without a copy.
#[derive(Debug)]
pub struct BodyBuffer {
    limit: usize,
    announced: usize,
    first: Bytes,
    joined: Vec<u8>,
}

impl BodyBuffer {
    /// How many frames an adapter takes before other tasks get their turn. HTTP/2 lets a client send empty ones without
    /// end.
    pub const FRAMES_PER_TURN: usize = 256;

    /// The most memory reserved on the strength of a `Content-Length`. A client can announce any length without sending
    /// it, so growing from here follows what has arrived.
    const RESERVE: usize = 64 * 1024;

    /// An empty buffer that takes `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self::announced(limit, 0)
    }

    /// The same, for a body that the client says has `announced` bytes: a hint for the second frame, never trusted.
    pub fn announced(limit: usize, announced: usize) -> Self {
        Self {
            limit,
            announced,
            first: Bytes::new(),
            joined: Vec::new(),
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

    /// Takes another frame.
    ///
    /// # Errors
    ///
    /// [`Rejection::BodyTooLarge`] if the limit would be exceeded.
    pub fn push(&mut self, mut frame: impl Buf) -> Result<(), Rejection> {
        let length = frame.remaining();
        if length > self.limit.saturating_sub(self.len()) {
            return Err(Rejection::BodyTooLarge);
        }
        if self.is_empty() {
            self.first = frame.copy_to_bytes(length);
            return Ok(());
        }
        if self.joined.is_empty() {
            let arrived = self.first.len() + length;
            let announced = self.announced.min(self.limit).min(Self::RESERVE);
            self.joined.reserve(announced.max(arrived));
            self.joined.extend_from_slice(&self.first);
            self.first = Bytes::new();
        }
        self.joined.put(frame);
        Ok(())
    }

    /// The whole body.
    pub fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() {
            self.first
        } else {
            self.joined.into()
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
        buffer.push(frame).unwrap();
        assert_eq!(buffer.into_bytes().as_ptr(), at);
    }

    #[test]
    fn frames_are_joined_in_order_up_to_the_limit() {
        let mut buffer = BodyBuffer::announced(6, usize::MAX);
        for frame in ["ab", "", "cd", "ef"] {
            buffer.push(frame.as_bytes()).unwrap();
        }
        assert_eq!(buffer.push(&b"g"[..]), Err(Rejection::BodyTooLarge));
        assert_eq!(buffer.len(), 6);
        assert_eq!(buffer.into_bytes(), "abcdef");
    }

    #[test]
    fn an_announced_length_is_set_aside_once_and_only_so_far() {
        let mut kept = BodyBuffer::announced(4096, 4096);
        kept.push(&[0; 1024][..]).unwrap();
        kept.push(&[0; 1024][..]).unwrap();
        let at = kept.joined.as_ptr();
        kept.push(&[0; 2048][..]).unwrap();
        assert_eq!(kept.joined.as_ptr(), at, "the frames were moved");

        let mut boasted = BodyBuffer::announced(usize::MAX, usize::MAX);
        boasted.push(&b"a"[..]).unwrap();
        boasted.push(&b"b"[..]).unwrap();
        assert_eq!(boasted.joined.capacity(), BodyBuffer::RESERVE);
    }
}
