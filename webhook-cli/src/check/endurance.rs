//! Bodies that do not end: how much of them, and how long, a receiver takes.

use std::iter;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, StatusCode};

use super::finding::Finding;
use super::kit::Kit;
use super::sent::{EARLY, MOMENT, Sent};
use super::sizes::FLOOD;
use crate::net::{Answer, Exchange, Failure, Poured, Wire, head_of};
use crate::show::length;

/// How long a receiver may take to read 32 MiB.
pub(super) const FLOOD_WAIT: Duration = Duration::from_secs(60);

/// Sends a byte a second, and sees when the receiver has had enough.
pub(super) async fn slow(
    kit: &Kit<'_>,
    request: &Request<Bytes>,
    damage: &str,
    slow_after: Duration,
) -> Sent {
    let started = Instant::now();
    let result = trickle(kit, request, slow_after).await;
    let took = started.elapsed();
    let found = match &result {
        Ok(answer) if answer.status.is_success() => Some(Finding::Fault(
            "it acknowledges before it has the whole event: what the network cuts is lost"
                .to_owned(),
        )),
        Err(Failure::TooLate(_)) => Some(Finding::Fault(format!(
            "it still waits after {}: {damage}",
            length(slow_after)
        ))),
        Err(Failure::Broken(_)) => Some(Finding::Right),
        _ => None,
    };
    Sent {
        exchange: Exchange { took, result },
        found,
    }
}

async fn trickle(
    kit: &Kit<'_>,
    request: &Request<Bytes>,
    slow_after: Duration,
) -> Result<Answer, Failure> {
    let deadline = Instant::now() + slow_after;
    let mut wire = Wire::open(&kit.target, kit.wait()).await?;
    wire.write(&head_of(request)).await;
    let mut bytes = request.body().iter();
    loop {
        if let Some(byte) = bytes.next() {
            wire.write(&[*byte]).await;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match wire.answer(left.min(Duration::from_secs(1))).await {
            Err(Failure::TooLate(_)) if left > Duration::from_secs(1) => {}
            Err(Failure::TooLate(_)) => return Err(Failure::TooLate(slow_after)),
            answer => return answer,
        }
    }
}

/// Sends far more than an event, and sees when the receiver has had enough.
pub(super) async fn flood(kit: &Kit<'_>, request: &Request<Bytes>, damage: &str) -> Sent {
    let started = Instant::now();
    let flooded = flooded(kit, request).await;
    let took = started.elapsed();
    let poured = match flooded {
        Ok((poured, closes)) => {
            let found = match &poured {
                Poured {
                    result: Ok(answer), ..
                } if answer.status.is_success() => None,
                Poured {
                    all: true,
                    result: Ok(answer),
                    ..
                } if answer.status == StatusCode::PAYLOAD_TOO_LARGE => Some(Finding::Note(
                    "it refused only after it had read everything: see that it keeps none of it"
                        .to_owned(),
                )),
                // Whatever it is sent now may be answered so.
                Poured {
                    result: Ok(answer), ..
                } if answer.status == StatusCode::TOO_MANY_REQUESTS => None,
                Poured { all: true, .. } => {
                    Some(Finding::Fault(format!("it took everything: {damage}")))
                }
                Poured { result: Ok(_), .. } if !closes => Some(Finding::Note(
                    "it leaves the connection open with the rest of the body unread".to_owned(),
                )),
                Poured {
                    result: Err(Failure::TooLate(_)),
                    sent,
                    ..
                } => Some(Finding::CannotTell(format!(
                    "it read {} MiB in {} and had not answered",
                    sent >> 20,
                    length(FLOOD_WAIT)
                ))),
                Poured {
                    result: Err(Failure::Broken(_)),
                    ..
                } => Some(Finding::Right),
                _ => None,
            };
            (poured.result, found)
        }
        Err(failure) => (Err(failure), None),
    };
    let (result, found) = poured;
    Sent {
        exchange: Exchange { took, result },
        found,
    }
}

/// What came of it, and whether the connection ends where the body was not read.
async fn flooded(kit: &Kit<'_>, request: &Request<Bytes>) -> Result<(Poured, bool), Failure> {
    const PIECE: usize = 64 * 1024;

    let mut wire = Wire::open(&kit.target, kit.wait()).await?;
    wire.write(&head_of(request)).await;
    let poured = match wire.answer(EARLY).await {
        Err(Failure::TooLate(_)) => {
            let pieces = iter::repeat_n(Bytes::from_static(&[b' '; PIECE]), FLOOD / PIECE);
            if request.headers().contains_key(CONTENT_LENGTH) {
                wire.pour(pieces, FLOOD_WAIT).await
            } else {
                let length = format!("{PIECE:x}\r\n").into_bytes();
                let end = iter::once(Bytes::from_static(b"0\r\n\r\n"));
                let chunks =
                    pieces.map(|piece| Bytes::from([&length[..], &piece, b"\r\n"].concat()));
                wire.pour(chunks.chain(end), FLOOD_WAIT).await
            }
        }
        result => Poured {
            sent: 0,
            all: false,
            result,
        },
    };
    let closes = match &poured.result {
        Ok(_) => poured.all || wire.says_close() || wire.is_closed(MOMENT).await,
        Err(_) => true,
    };
    Ok((poured, closes))
}
