use std::error::Error as _;
use std::fmt;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Target;
use super::connect::connect;

/// What is read of the body of an answer, at most.
pub(crate) const LONGEST_ANSWER: usize = 1024 * 1024;

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// From the first byte that was sent, or from the attempt to connect if there was none.
    pub(crate) took: Duration,
    pub(crate) result: Result<Answer, Failure>,
}

/// What a receiver answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Its beginning, if it is longer than what is read.
    pub(crate) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody listens there, or TLS failed.
    NotConnected(String),
    /// The answer did not come in time.
    TooLate(Duration),
    /// This command hung up, as it was told to.
    HungUp(Duration),
    /// The connection broke, or what came is not HTTP.
    Broken(String),
    /// The body of the answer is longer than this command reads.
    TooLong,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected(why) => write!(f, "no connection: {why}"),
            Self::TooLate(wait) => write!(f, "no answer within {}", crate::show::length(*wait)),
            Self::HungUp(after) => write!(f, "hung up after {}", crate::show::length(*after)),
            Self::Broken(why) => write!(f, "no answer: {why}"),
            Self::TooLong => write!(f, "the answer is longer than {LONGEST_ANSWER} bytes"),
        }
    }
}

/// How long an exchange may take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// The sender waits this long.
    Until(Duration),
    /// It hangs up by itself.
    HangUp(Duration),
}

/// Sends a request on a connection of its own and waits for the answer. Redirects are not followed.
pub(crate) async fn exchange(
    target: &Target,
    request: Request<Bytes>,
    patience: Patience,
) -> Exchange {
    let started = Instant::now();
    let limit = match patience {
        Patience::Until(limit) | Patience::HangUp(limit) => limit,
    };
    let result = match tokio::time::timeout(limit, attempt(target, request)).await {
        Ok(result) => result,
        Err(_) => Err(match patience {
            Patience::Until(limit) => Failure::TooLate(limit),
            Patience::HangUp(limit) => Failure::HungUp(limit),
        }),
    };
    Exchange {
        took: started.elapsed(),
        result,
    }
}

async fn attempt(target: &Target, request: Request<Bytes>) -> Result<Answer, Failure> {
    over(connect(target).await?, request).await
}

async fn over<S>(stream: S, request: Request<Bytes>) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| {
        let cause = error.source().map(ToString::to_string);
        Failure::Broken(cause.unwrap_or_else(|| error.to_string()))
    };
    let (mut sender, connection) = http1::Builder::new()
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let exchange = async {
        let response = sender
            .send_request(request.map(Full::new))
            .await
            .map_err(broken)?;
        let (head, mut body) = response.into_parts();
        let mut read = BytesMut::new();
        // Most senders look at the status alone, so a long body is no failure.
        while read.len() < LONGEST_ANSWER {
            let Some(frame) = body.frame().await else {
                break;
            };
            let frame = frame.map_err(|error| Failure::Broken(error.to_string()))?;
            if let Ok(mut data) = frame.into_data() {
                data.truncate(LONGEST_ANSWER - read.len());
                read.extend_from_slice(&data);
            }
        }
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: read.freeze(),
        })
    };
    // The connection is driven here and not in a task: dropped, it is closed.
    tokio::pin!(exchange, connection);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        ended = &mut connection => match ended {
            // The last bytes of an answer may have come with the end of the connection.
            Ok(()) => exchange.await,
            Err(error) => exchange.await.map_err(|_| broken(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::thread;

    use super::*;
    use crate::net::Reach;

    /// What comes of a request to a server that answers so.
    fn answered(answer: Vec<u8>) -> Result<Answer, Failure> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _length = stream.read(&mut request).unwrap();
            let _the_command_may_have_enough = stream.write_all(&answer);
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let exchange = runtime.block_on(async {
            let target = Target::resolve(&url, Reach::ThisMachine).await.unwrap();
            let mut request = Request::new(Bytes::new());
            target.apply(&mut request).unwrap();
            exchange(&target, request, Patience::Until(Duration::from_secs(20))).await
        });
        server.join().unwrap();
        exchange.result
    }

    #[test]
    fn a_long_answer_has_its_status_and_the_beginning_of_its_body() {
        for (head, unit) in [
            ("Content-Length: 2097152\r\n\r\n", "a"),
            ("Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"),
        ] {
            let mut answer = format!("HTTP/1.1 201 Created\r\n{head}").into_bytes();
            answer.extend(unit.repeat(2 * LONGEST_ANSWER).bytes());
            let answer = answered(answer).unwrap();
            assert_eq!(answer.status, StatusCode::CREATED);
            assert_eq!(answer.body.len(), LONGEST_ANSWER);
        }
    }

    #[test]
    fn an_answer_that_ends_too_early_is_none() {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
            "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 103 Early Hints\r\n\r\n",
            "",
        ] {
            let failure = answered(answer.into()).unwrap_err();
            assert!(matches!(failure, Failure::Broken(_)), "{answer}: {failure}");
        }
    }
}
