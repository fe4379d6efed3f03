//! No boundary between two parts of the signed content can be moved.

use http::HeaderValue;
use proptest::prelude::*;
use webhook_core::RejectionClass;
use webhook_core::testing::TestRequest;

use crate::deliver;
use crate::drawn::{Drawn, TIME, TimeIn, drawn};

/// A part as it was sent: its header, or the body.
type Sent = (Option<&'static str>, Vec<u8>);

/// All parts in the order of the signed content, and the literals between them. A time in a pair splits the list.
fn sent(drawn: &Drawn, request: &TestRequest) -> (Vec<Option<Sent>>, Vec<&'static str>) {
    let mut parts = Vec::new();
    let mut separators = Vec::new();
    for (at, part) in drawn.parts() {
        let name = match part.is_time {
            true => TIME,
            false => Drawn::header(at),
        };
        let is_in_pair = part.is_time && drawn.time == TimeIn::Pair;
        let of_header = || (Some(name), request.headers[name].as_bytes().to_vec());
        let part_sent = (!is_in_pair).then(of_header);
        if at == drawn.before.len() {
            parts.push(Some((None, request.body.to_vec())));
        }
        separators.push(part.separator);
        parts.push(part_sent);
    }
    if drawn.after.is_empty() {
        parts.push(Some((None, request.body.to_vec())));
    }
    (parts, separators)
}

fn replaced(request: &TestRequest, part: &Sent, value: &[u8]) -> Option<TestRequest> {
    let mut request = request.clone();
    match part.0 {
        Some(name) => {
            request
                .headers
                .insert(name, HeaderValue::from_bytes(value).ok()?);
        }
        None => request.body = value.to_vec().into(),
    }
    Some(request)
}

/// Every other way to cut the joined bytes of two neighbors at this separator, and every way to move some bytes across it.
fn other_cuts(left: &[u8], separator: &[u8], right: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let joined = [left, separator, right].concat();
    let cuts = (0..=joined.len() - separator.len())
        .filter(|at| *at != left.len() && joined[*at..].starts_with(separator))
        .map(|at| {
            (
                joined[..at].to_vec(),
                joined[at + separator.len()..].to_vec(),
            )
        });
    let to_left = (1..=right.len().min(12))
        .map(|count| ([left, &right[..count]].concat(), right[count..].to_vec()));
    let to_right = (1..=left.len().min(12)).map(|count| {
        let at = left.len() - count;
        (left[..at].to_vec(), [&left[at..], right].concat())
    });
    cuts.chain(to_left).chain(to_right).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_boundary_that_moves_is_refused(drawn in drawn()) {
        let (verifier, request) = (drawn.verifier(0), drawn.request());
        deliver(&verifier, &request).unwrap();
        let (parts, separators) = sent(&drawn, &request);
        for (pair, separator) in parts.windows(2).zip(separators) {
            let [Some(left), Some(right)] = pair else { continue };
            for (new_left, new_right) in other_cuts(&left.1, separator.as_bytes(), &right.1) {
                let moved = replaced(&request, left, &new_left)
                    .and_then(|request| replaced(&request, right, &new_right));
                let Some(moved) = moved else { continue };
                let refused = deliver(&verifier, &moved).map(|_| ());
                prop_assert!(
                    matches!(&refused, Err(refused) if refused.class() == RejectionClass::Credential),
                    "{:?} of {:?}", refused, moved
                );
            }
        }
    }
}
