use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::time::{Instant, timeout_at};

use super::connect::{Stream, connect};
use super::exchange::LONGEST_ANSWER;
use super::parse::{Rest, parse};
use super::{Answer, Failure, Target};

/// Between two pieces of a body.
const BREATH: Duration = Duration::from_millis(1);

/// A connection on which requests are written by hand: in parts, too long, too slow, or not to their end. A client library
/// sends none of that.
pub(crate) struct Wire {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    unread: Vec<u8>,
    closes: bool,
}

/// What came of writing until the receiver answers.
pub(crate) struct Poured {
    /// How much of the body was written, as far as this machine knows.
    pub(crate) sent: usize,
    /// Whether that was everything.
    pub(crate) all: bool,
    pub(crate) result: Result<Answer, Failure>,
}

impl Wire {
    /// Connects to the address that was found for this receiver.
    pub(crate) async fn open(target: &Target, within: Duration) -> Result<Self, Failure> {
        let stream = tokio::time::timeout(within, connect(target))
            .await
            .map_err(|_| Failure::TooLate(within))??;
        let (reader, writer) = split(stream);
        Ok(Self {
            reader,
            writer,
            unread: Vec::new(),
            closes: false,
        })
    }

    /// Writes bytes. A receiver that has answered already may have closed the connection; the answer shows it.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let written = async {
            self.writer.write_all(bytes).await?;
            self.writer.flush().await
        };
        let _answered: io::Result<()> = written.await;
    }

    /// Says that nothing follows, and goes on reading.
    pub(crate) async fn end(&mut self) {
        let _closed_already = self.writer.shutdown().await;
    }

    /// Whether no other answer follows the last one, as it says itself.
    pub(crate) fn says_close(&self) -> bool {
        self.closes
    }

    /// The next answer. Interim ones before it, such as a 100, are skipped.
    pub(crate) async fn answer(&mut self, within: Duration) -> Result<Answer, Failure> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next(left).await {
                Ok(answer) if answer.status.is_informational() => {}
                Err(Failure::TooLate(_)) => return Err(Failure::TooLate(within)),
                answer => return answer,
            }
        }
    }

    /// The next answer, which may be an interim one.
    pub(crate) async fn next(&mut self, within: Duration) -> Result<Answer, Failure> {
        let deadline = Instant::now() + within;
        let late = |_| Failure::TooLate(within);
        loop {
            if let Some(answer) = self.parsed(Rest::MayCome)? {
                return Ok(answer);
            }
            if self.unread.len() > LONGEST_ANSWER {
                return self.parsed(Rest::Unread)?.ok_or(Failure::TooLong);
            }
            if timeout_at(deadline, self.read_more())
                .await
                .map_err(late)??
                == 0
            {
                return self.last();
            }
        }
    }

    /// Writes pieces of a body until all are written or the receiver answers; then waits for the answer.
    pub(crate) async fn pour(
        &mut self,
        pieces: impl Iterator<Item = Bytes>,
        within: Duration,
    ) -> Poured {
        let deadline = Instant::now() + within;
        let mut sent = 0;
        let poured = |sent, all, result| Poured { sent, all, result };
        let mut buffer = vec![0; 16 * 1024];
        for piece in pieces {
            // Buffers in between may take megabytes before an answer to the first byte is here.
            tokio::time::sleep(BREATH).await;
            let mut rest = &piece[..];
            while !rest.is_empty() {
                let turn = async {
                    // The answer first: who has answered reads no further.
                    tokio::select! {
                        biased;
                        read = self.reader.read(&mut buffer) => Turn::Read(read),
                        written = self.writer.write(rest) => Turn::Written(written),
                    }
                };
                match timeout_at(deadline, turn).await {
                    Err(_) => return poured(sent, false, Err(Failure::TooLate(within))),
                    Ok(Turn::Written(Ok(written))) if written > 0 => {
                        sent += written;
                        rest = rest.get(written..).unwrap_or_default();
                    }
                    Ok(Turn::Read(Ok(read))) if read > 0 => {
                        self.unread
                            .extend_from_slice(buffer.get(..read).unwrap_or_default());
                        match self.final_one() {
                            // That was an interim answer: the receiver goes on reading.
                            Ok(None) if self.unread.is_empty() => continue,
                            Ok(None) => {}
                            Ok(Some(answer)) => return poured(sent, false, Ok(answer)),
                            Err(failure) => return poured(sent, false, Err(failure)),
                        }
                        let left = deadline.saturating_duration_since(Instant::now());
                        return poured(sent, false, self.answer(left).await);
                    }
                    Ok(Turn::Read(_)) => return poured(sent, false, self.last()),
                    // An answer may still be there to be read.
                    Ok(Turn::Written(_)) => {
                        let left = deadline.saturating_duration_since(Instant::now());
                        return poured(sent, false, self.answer(left).await);
                    }
                }
            }
        }
        self.write(b"").await;
        let left = deadline.saturating_duration_since(Instant::now());
        poured(sent, true, self.answer(left).await)
    }

    /// Whether the receiver closes the connection within this time, and sends nothing before it does.
    pub(crate) async fn is_closed(&mut self, within: Duration) -> bool {
        let read = tokio::time::timeout(within, self.read_more()).await;
        self.unread.is_empty() && matches!(read, Ok(Ok(0) | Err(_)))
    }

    /// Reads more; 0 at the end. A reset is an end as well.
    async fn read_more(&mut self) -> Result<usize, Failure> {
        let mut buffer = [0; 16 * 1024];
        match self.reader.read(&mut buffer).await {
            Ok(read) => {
                self.unread
                    .extend_from_slice(buffer.get(..read).unwrap_or_default());
                Ok(read)
            }
            Err(error) if is_end(&error) => Ok(0),
            Err(error) => Err(Failure::Broken(error.to_string())),
        }
    }

    /// What the end of the connection makes of what was read.
    fn last(&mut self) -> Result<Answer, Failure> {
        match self.parsed(Rest::Nothing)? {
            Some(answer) => Ok(answer),
            None if self.unread.is_empty() => {
                Err(Failure::Broken("the connection was closed".to_owned()))
            }
            None => Err(Failure::Broken(
                "the connection was closed in the middle of the answer".to_owned(),
            )),
        }
    }

    /// The first answer in what was read that is not an interim one, if it is complete.
    fn final_one(&mut self) -> Result<Option<Answer>, Failure> {
        loop {
            match self.parsed(Rest::MayCome)? {
                Some(answer) if answer.status.is_informational() => {}
                answer => return Ok(answer),
            }
        }
    }

    /// Takes an answer out of what was read, if it is complete.
    fn parsed(&mut self, more: Rest) -> Result<Option<Answer>, Failure> {
        let Some(parsed) = parse(&self.unread, more)? else {
            return Ok(None);
        };
        self.unread.drain(..parsed.length.min(self.unread.len()));
        // What was not read of an answer would be taken for the next one.
        self.closes = parsed.closes || more == Rest::Unread;
        Ok(Some(parsed.answer))
    }
}

enum Turn {
    Read(io::Result<usize>),
    Written(io::Result<usize>),
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof
    )
}

/// The head of a request as it is sent.
pub(crate) fn head_of(request: &Request<Bytes>) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}
