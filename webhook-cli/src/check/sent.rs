//! How the requests of cases are sent, and what comes back.

use std::iter;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http::header::TRANSFER_ENCODING;

use super::case::{By, Case, Meant};
use super::compared::compared;
use super::endurance::{FLOOD_WAIT, flood, slow};
use super::finding::Finding;
use super::kit::{Kit, with_body};
use crate::conclusion::Conclusion;
use crate::net::{Answer, Exchange, Failure, Patience, Wire, exchange, head_of};

/// Between two packets.
const PAUSE: Duration = Duration::from_millis(200);
/// How long an early answer or the end of a connection is waited for.
pub(super) const MOMENT: Duration = Duration::from_secs(3);
/// How long a receiver is given to answer a head, before its body follows.
pub(super) const EARLY: Duration = Duration::from_millis(500);
/// How long an answer to a request in a body is waited for. The receiver has had it since before its first answer.
const SECOND: Duration = Duration::from_secs(2);
/// How long a refusal is waited for, which takes no work: of many, each would otherwise be waited for as long as a sender does.
const REFUSAL: Duration = Duration::from_secs(10);
/// How long the answer to half a request is waited for.
const CUT_WAIT: Duration = Duration::from_secs(5);

/// What came of a case.
pub(super) struct Sent {
    pub(super) exchange: Exchange,
    /// What is found, where the answer alone does not say it.
    pub(super) found: Option<Finding>,
}

impl Sent {
    pub(super) fn plain(exchange: Exchange) -> Self {
        Self {
            exchange,
            found: None,
        }
    }
}

/// Sends the request of a case.
pub(super) async fn send(
    kit: &Kit<'_>,
    case: &Case,
    request: Request<Bytes>,
    slow_after: Duration,
) -> Sent {
    let damage = case.damage;
    match case.by {
        By::Itself => {
            let wait = match case.meant {
                Meant::Accepted => kit.wait(),
                Meant::Refused => kit.wait().min(REFUSAL),
            };
            Sent::plain(exchange(&kit.target, request, Patience::Until(wait)).await)
        }
        By::Page => page(kit, request).await,
        By::Compared => compared(kit, request, damage).await,
        By::Slow => slow(kit, &request, damage, slow_after).await,
        By::Flood => flood(kit, &request, damage).await,
        _ => {
            let started = Instant::now();
            let sent = by_hand(kit, case, &request).await;
            let (result, found) = match sent {
                Ok((answer, found)) => (Ok(answer), found),
                Err(failure) => (Err(failure), None),
            };
            let took = started.elapsed();
            Sent {
                exchange: Exchange { took, result },
                found,
            }
        }
    }
}

/// Asks for what may be a page: one that answers all alike has not looked at what was sent.
async fn page(kit: &Kit<'_>, request: Request<Bytes>) -> Sent {
    let wait = Patience::Until(kit.wait().min(REFUSAL));
    let plain = kit.bare(with_body(request.clone(), Bytes::new()));
    let first = exchange(&kit.target, request, wait).await;
    let mut found = None;
    // Where nothing is proven, anyone who asks may be the sender.
    if kit.sender.is_authenticated()
        && let Ok(answer) = &first.result
        && answer.status.is_success()
        && let Ok(other) = exchange(&kit.target, plain, wait).await.result
        && (other.status, &other.body) == (answer.status, &answer.body)
    {
        let alike = "it answers every such request alike, as a page does: whether it acts on one, the answers do not show";
        found = Some(Finding::CannotTell(alike.to_owned()));
    }
    Sent {
        exchange: first,
        found,
    }
}

/// Sends a request as the sender does, and waits as long.
pub(super) async fn itself(kit: &Kit<'_>, request: Request<Bytes>) -> Exchange {
    exchange(&kit.target, request, Patience::Until(kit.wait())).await
}

async fn by_hand(
    kit: &Kit<'_>,
    case: &Case,
    request: &Request<Bytes>,
) -> Result<(Answer, Option<Finding>), Failure> {
    let wait = kit.wait();
    let mut wire = Wire::open(&kit.target, wait).await?;
    let head = head_of(request);
    let body = request.body();
    match case.by {
        By::Pieces => {
            let (first, second) = body.split_at(body.len() / 2);
            for part in [&head[..], first, second] {
                wire.write(part).await;
                tokio::time::sleep(PAUSE).await;
            }
            Ok((wire.answer(wait).await?, None))
        }
        By::Expect => {
            wire.write(&head).await;
            let first = match wire.next(MOMENT).await {
                Ok(answer) if answer.status.is_informational() => None,
                // It is allowed to say nothing: a client then sends the body after a while.
                Err(Failure::TooLate(_)) => None,
                other => Some(other?),
            };
            if let Some(answer) = first {
                return Ok((answer, None));
            }
            wire.write(body).await;
            Ok((wire.answer(wait).await?, None))
        }
        By::Cut => {
            wire.write(&[&head[..], body].concat()).await;
            wire.end().await;
            Ok((wire.answer(CUT_WAIT).await?, None))
        }
        By::KeepAlive => {
            wire.write(&[&head[..], body].concat()).await;
            let first = wire.answer(wait).await?;
            if wire.says_close() {
                return Ok((first, None));
            }
            let draft = kit.draft().and_then(|draft| kit.signed(&draft));
            let Ok(second) = draft else {
                return Ok((first, None));
            };
            wire.write(&[&head_of(&second)[..], second.body()].concat())
                .await;
            match wire.answer(wait).await {
                Err(Failure::Broken(_)) => {
                    let silent = "it closes the connection without saying so in its answer: a sender that keeps connections may lose the next delivery";
                    Ok((first, Some(Finding::Note(silent.to_owned()))))
                }
                second => Ok((second?, None)),
            }
        }
        By::Poured => {
            wire.write(&head).await;
            match wire.answer(EARLY).await {
                Err(Failure::TooLate(_)) => {
                    let poured = wire.pour(iter::once(body.clone()), FLOOD_WAIT).await;
                    Ok((poured.result?, None))
                }
                early => Ok((early?, None)),
            }
        }
        By::Smuggling => {
            wire.write(&head).await;
            let early = wire.answer(EARLY).await;
            match request.headers().contains_key(TRANSFER_ENCODING) {
                true => wire.write(&chunk_of(body)).await,
                false => wire.write(body).await,
            }
            let first = match early {
                Err(Failure::TooLate(_)) => wire.answer(wait).await?,
                answer => answer?,
            };
            let second = wire.answer(SECOND).await.ok();
            let found = second.map(|second| {
                Finding::Fault(format!(
                    "the body was answered, too, with {}: {}",
                    second.status, case.damage
                ))
            });
            Ok((first, found))
        }
        _ => Err(Failure::Broken("it is sent otherwise".to_owned())),
    }
}

/// A body in one chunk.
fn chunk_of(body: &[u8]) -> Vec<u8> {
    let length = format!("{:x}\r\n", body.len()).into_bytes();
    [&length[..], body, b"\r\n0\r\n\r\n"].concat()
}

/// What a sender makes of an answer to its first attempt.
pub(super) fn conclusion(kit: &Kit<'_>, exchange: &Exchange) -> Conclusion {
    Conclusion::of(&kit.facts.timing, 0, exchange)
}
