//! A connection of a client that keeps to no rule.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub(crate) struct Line {
    stream: TcpStream,
    received: Vec<u8>,
    opened: Instant,
}

impl Line {
    pub(crate) fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&to, Duration::from_secs(10)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_write_timeout(Some(Duration::from_secs(2)))
            .unwrap();
        Self {
            stream,
            received: Vec::new(),
            opened: Instant::now(),
        }
    }

    /// Sends bytes, and says whether the server took them: it may have closed, or may not read on.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Says that nothing follows, and goes on listening.
    pub(crate) fn end_sending(&mut self) {
        let _closed_already = self.stream.shutdown(Shutdown::Write);
    }

    /// Reads until the server ends the connection, and returns the statuses of its answers.
    #[track_caller]
    pub(crate) fn until_closed(&mut self, within: Duration) -> Vec<u16> {
        let deadline = self.opened + within;
        while self.read_until(deadline) {
            assert!(
                Instant::now() < deadline,
                "open after {within:?}: {:?}",
                String::from_utf8_lossy(&self.received)
            );
        }
        self.statuses()
    }

    /// Reads until there are so many answers, or the connection ends, and returns their statuses.
    #[track_caller]
    pub(crate) fn answers(&mut self, count: usize, within: Duration) -> Vec<u16> {
        let deadline = self.opened + within;
        while self.statuses().len() < count {
            assert!(
                Instant::now() < deadline,
                "{:?} after {within:?}",
                self.statuses()
            );
            if !self.read_until(deadline) {
                break;
            }
        }
        self.statuses()
    }

    /// Whether the connection is still there, with or without something to read.
    fn read_until(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        self.stream
            .set_read_timeout(Some(left.max(Duration::from_millis(1))))
            .unwrap();
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(read) => {
                self.received.extend_from_slice(&bytes[..read]);
                true
            }
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    /// The statuses of the final answers so far. No body that is asked for here holds the text of a status line.
    fn statuses(&self) -> Vec<u16> {
        let text = String::from_utf8_lossy(&self.received);
        text.split("HTTP/1.1 ")
            .skip(1)
            .map(|answer| answer[..3].parse().unwrap())
            .filter(|status| *status != 100)
            .collect()
    }

    pub(crate) fn was_told_to_continue(&self) -> bool {
        self.received.starts_with(b"HTTP/1.1 100 ")
    }
}
