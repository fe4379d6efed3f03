//! HTTP/1.1 written by hand, because a client library would not send everything that the tests need.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use webhook_core::testing::multicaja_digest;

use crate::patience::PATIENCE;

/// A request, sent unchanged.
#[derive(Clone, Debug)]
pub struct Request {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    chunked: bool,
}

pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Request {
    Request {
        method: "POST",
        target: target.to_owned(),
        headers: Vec::new(),
        body: body.into(),
        chunked: false,
    }
}

impl Request {
    pub fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends the body without its length, in chunks of at most 8 KiB.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// The digest over these ids, as Multicaja sends it.
    pub fn signed(self, reference_id: &str, order_id: &str, api_key: &str) -> Self {
        self.header("Apikey", &multicaja_digest(reference_id, order_id, api_key))
    }

    pub fn head(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: receiver\r\n",
            self.method, self.target
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.chunked {
            head += "Transfer-Encoding: chunked\r\n";
        } else if self.method != "GET" {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        head += "\r\n";
        head.into_bytes()
    }

    pub fn body(&self) -> Vec<u8> {
        if !self.chunked {
            return self.body.clone();
        }
        let mut framed = Vec::new();
        for chunk in self.body.chunks(8 * 1024) {
            framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            framed.extend_from_slice(chunk);
            framed.extend_from_slice(b"\r\n");
        }
        framed.extend_from_slice(b"0\r\n\r\n");
        framed
    }

    /// Sends the request on its own connection and reads the answer.
    #[track_caller]
    pub fn send(&self, to: SocketAddr) -> Response {
        let mut connection = Connection::open(to);
        connection.write(&self.head());
        connection.write(&self.body());
        connection.response()
    }
}

pub struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Connection {
    pub fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    /// For a caller who expects that nobody listens, or who waits for another time.
    pub fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Sends bytes. A server that has already answered may have closed the connection; the answer shows it.
    pub fn write(&mut self, bytes: &[u8]) {
        let _answered = self.stream.write_all(bytes);
    }

    /// Ends the connection in the middle of what is being sent.
    pub fn hang_up(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Waits until the server asks for the body, after headers with `Expect: 100-continue`.
    #[track_caller]
    pub fn is_told_to_continue(&mut self) {
        assert_eq!(self.any_response().unwrap().status, 100);
    }

    /// Reads one answer, and leaves what follows it. A 100 before it is skipped.
    #[track_caller]
    pub fn response(&mut self) -> Response {
        self.try_response().expect("an answer")
    }

    /// Like [`response`](Self::response), for a caller who can say what got no answer.
    pub fn try_response(&mut self) -> io::Result<Response> {
        let first = self.any_response()?;
        if first.status == 100 {
            self.any_response()
        } else {
            Ok(first)
        }
    }

    fn any_response(&mut self) -> io::Result<Response> {
        let head_end = loop {
            if let Some(at) = find(&self.unread, b"\r\n\r\n") {
                break at;
            }
            self.read_more()?;
        };
        let head = String::from_utf8(self.unread.drain(..head_end + 4).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let mut response = Response {
            status: status.parse().unwrap(),
            headers: lines
                .map(|line| line.split_once(':').unwrap())
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
            body: Vec::new(),
        };
        let length = response.header("content-length").unwrap_or("0");
        let length: usize = length.parse().unwrap();
        while self.unread.len() < length {
            self.read_more()?;
        }
        response.body = self.unread.drain(..length).collect();
        Ok(response)
    }

    fn read_more(&mut self) -> io::Result<()> {
        if self.try_read()? > 0 {
            return Ok(());
        }
        let read = String::from_utf8_lossy(&self.unread);
        Err(io::Error::other(format!("closed after {read:?}")))
    }

    /// Whether the server ends the connection, instead of waiting for more.
    pub fn is_closed_by_server(&mut self) -> bool {
        self.unread.is_empty() && matches!(self.try_read(), Ok(0))
    }

    /// Everything that the server sends until it ends the connection.
    pub fn until_closed(mut self) -> String {
        while self.read() > 0 {
            assert!(self.unread.len() < 100_000, "an answer without end");
        }
        String::from_utf8_lossy(&self.unread).into_owned()
    }

    #[track_caller]
    fn read(&mut self) -> usize {
        self.try_read().expect("the server answers or hangs up")
    }

    /// The number of bytes received; 0 at the end. A reset also counts as the end.
    fn try_read(&mut self) -> io::Result<usize> {
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(read) => {
                self.unread.extend_from_slice(&bytes[..read]);
                Ok(read)
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(0),
            Err(error) => Err(error),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// A header, which must not occur twice.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(field, _)| field == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert_eq!(values.next(), None, "{name} twice: {self:?}");
        value
    }
}
