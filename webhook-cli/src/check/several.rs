//! Several credentials in one request, and several kinds of them in one header.

use bytes::Bytes;
use http::Request;

use super::case::{Case, Grade, Skip};
use super::kit::Kit;
use super::proof::Proven;
use crate::senders::Verdict;

/// What senders write between two signatures in one header.
const BETWEEN: [&str; 3] = [" ", ",", ", "];

const OF_BOTH: &str = "while a secret is replaced, the sender signs with the old one and the new one, and nothing arrives";
const EITHER: &str = "a proxy and the app may each look at another one";

pub(super) fn cases() -> Vec<Case> {
    vec![
        rotation(
            "rotation-wrong-first",
            "a wrong signature and then the right one, in one header",
            false,
        ),
        rotation(
            "rotation-right-first",
            "the right signature and then a wrong one, in one header",
            true,
        ),
        Case::refused(
            "twice-right-first",
            "the right credential, then a wrong one in a second header",
            EITHER,
            |kit| Proven::new(kit)?.twice(true),
        )
        .note()
        .proven(),
        Case::refused(
            "twice-wrong-first",
            "a wrong credential, then the right one in a second header",
            EITHER,
            |kit| Proven::new(kit)?.twice(false),
        )
        .note()
        .proven(),
        Case::refused(
            "another-version",
            "the right signature under the name of another version of it",
            "what the sender signs in another way counts as well, such as a signature that is weaker or for tests",
            |kit| Proven::new(kit)?.of_another_version(),
        ),
    ]
}

fn rotation(name: &'static str, sent: &'static str, right_first: bool) -> Case {
    Case::accepted(name, sent, move |kit| both(kit, right_first))
        .damage(OF_BOTH)
        .graded(|kit| match kit.sender.particulars.several_signatures {
            true => Grade::Fault,
            false => Grade::Note,
        })
}

/// The core reads such a list if it takes the right signature wherever it is in it.
fn both(kit: &Kit<'_>, right_first: bool) -> Result<Request<Bytes>, Skip> {
    let proven = Proven::new(kit)?;
    for between in BETWEEN {
        let [first, last] = [true, false].map(|right_first| proven.both(between, right_first));
        let (first, last) = (first?, last?);
        let are_taken = [&first, &last]
            .into_iter()
            .all(|request| matches!(kit.verdict(request), Verdict::Authentic(_)));
        if are_taken {
            return Ok(if right_first { first } else { last });
        }
    }
    Err(Skip::because("this sender sends one signature in a header"))
}
