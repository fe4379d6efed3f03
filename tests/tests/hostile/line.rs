//! A connection of a client that follows no rules.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use webhook_tests::patience::PATIENCE;

pub(crate) struct Line {
    stream: TcpStream,
    received: Vec<u8>,
    pub(crate) opened: Instant,
}

impl Line {
    pub(crate) fn open(to: SocketAddr) -> Self {
        let opened = Instant::now();
        let stream = TcpStream::connect_timeout(&to, PATIENCE).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            received: Vec::new(),
            opened,
        }
    }

    /// Sends bytes, and returns whether the server accepted them: it may have closed.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        match self.stream.write_all(bytes.as_ref()) {
            Ok(()) => true,
            Err(error) => {
                assert!(!is_timeout(&error), "neither read nor closed");
                false
            }
        }
    }

    /// Sends bytes, and returns whether the server kept accepting them: it may have closed, or read nothing for this
    /// long.
    pub(crate) fn send_for(&mut self, bytes: impl AsRef<[u8]>, time: Duration) -> bool {
        self.stream.set_write_timeout(Some(time)).unwrap();
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Signals that nothing follows, and keeps listening.
    pub(crate) fn end_sending(&mut self) {
        let _closed_already = self.stream.shutdown(Shutdown::Write);
    }

    /// Reads until the server ends the connection, and returns the statuses of its answers.
    #[track_caller]
    pub(crate) fn until_closed(&mut self) -> Vec<u16> {
        while self.read() {}
        self.statuses()
    }

    /// Reads until there are this many answers or the connection ends, and returns their statuses.
    #[track_caller]
    pub(crate) fn answers(&mut self, count: usize) -> Vec<u16> {
        while self.statuses().len() < count && self.read() {}
        self.statuses()
    }

    /// Reads until the server asks for the body, after headers with `Expect: 100-continue`.
    #[track_caller]
    pub(crate) fn is_told_to_continue(&mut self) {
        while !self.was_told_to_continue() {
            assert!(self.read(), "{:?}", self.statuses());
        }
    }

    /// Waits for an answer and leaves it unread.
    #[track_caller]
    pub(crate) fn leave_unread(&self) {
        let there = self.stream.peek(&mut [0]);
        assert_eq!(there.ok(), Some(1), "an answer");
    }

    /// Whether the connection is still open. What has arrived is lost.
    pub(crate) fn is_open(&mut self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let read = self.stream.read(&mut [0; 1024]);
        self.stream.set_nonblocking(false).unwrap();
        match read {
            Ok(read) => read > 0,
            Err(error) => is_timeout(&error),
        }
    }

    /// Whether the connection was still open and something was read. Fails if nothing happens in time.
    #[track_caller]
    fn read(&mut self) -> bool {
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(read) => {
                self.received.extend_from_slice(&bytes[..read]);
                true
            }
            Err(error) => {
                assert!(
                    !is_timeout(&error),
                    "still open, after {:?}",
                    String::from_utf8_lossy(&self.received)
                );
                false
            }
        }
    }

    /// The statuses of the final answers so far. No body here contains the text of a status line.
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

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
