use std::error::Error as _;
use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Target;
use super::connect::connect;

/// What is read of the body of an answer, at most.
pub(super) const LONGEST_ANSWER: usize = 1024 * 1024;

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
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER)
            .collect()
            .await
            .map_err(|error| match error.is::<LengthLimitError>() {
                true => Failure::TooLong,
                false => Failure::Broken(error.to_string()),
            })?
            .to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
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
