//! What comes more than once: answers to it, and whether the receiver acts on it once.

use std::time::SystemTime;

use super::case::{Case, Skip};
use super::effects::{Effects, PATIENCE};
use super::finding::{Finding, Row};
use super::kit::Kit;
use super::sent::{Sent, itself};
use crate::error::Error;
use crate::senders::Verdict;
use crate::show::length;

const ACTS_TWICE: &str = "acts-twice";
const ACTS_ON_FORGERIES: &str = "acts-on-forgeries";
const AUTHENTIC_AFTER: &str = "authentic-after";
const WITHOUT_COMMAND: &str = "the answers do not show it: give a command that counts what the receiver has done, with --effects";

/// What is sent; [`cases`] in the same order.
pub(super) fn cases() -> [Case; 2] {
    let nothing = |_: &Kit<'_>| Err(Skip::because("it is sent with others"));
    [
        Case::accepted(
            "replay",
            "a delivery that was received, byte for byte",
            nothing,
        )
        .damage("the sender missed the first answer and now takes the delivery for lost"),
        Case::accepted(
            "another-attempt",
            "the same delivery, signed again",
            nothing,
        )
        .damage("the sender missed the first answer and now takes the delivery for lost"),
    ]
}

/// What effects show.
pub(super) fn effects() -> [Case; 2] {
    let nothing = |_: &Kit<'_>| Err(Skip::because("it is counted, not sent"));
    [
        Case::accepted(ACTS_TWICE, "one delivery three times", nothing).damage(
            "an order is shipped, or an invoice issued, once for each attempt of the sender",
        ),
        Case::refused(
            ACTS_ON_FORGERIES,
            "everything that was to be refused",
            "it acts on what anyone can send",
            nothing,
        ),
    ]
}

/// The last one: whether the sender is still let in.
pub(super) fn afterwards() -> Case {
    Case::accepted(
        AUTHENTIC_AFTER,
        "an authentic delivery, after all the others",
        |kit| Ok(kit.signed(&kit.draft()?)?),
    )
    .damage("after wrong credentials it refuses right ones too, so a stranger can lock the sender out, unless it tells the two apart by their address")
}

/// Sends one delivery three times.
pub(super) async fn repeat(kit: &Kit<'_>, effects: Option<&Effects>) -> Result<Vec<Row>, Error> {
    let draft = kit.draft()?;
    let first = kit.signed(&draft)?;
    let before = match effects {
        Some(effects) => effects.settled().await?,
        None => None,
    };
    itself(kit, first.clone()).await;
    let again = kit.signed_at(&draft, SystemTime::now())?;
    let mut rows = Vec::new();
    for (case, request) in cases().into_iter().zip([first, again]) {
        let verdict = kit.verdict(&request);
        let Verdict::Authentic(_) = &verdict else {
            rows.push(Row::skipped(
                &case,
                "the sender allows no repeat of it".to_owned(),
            ));
            continue;
        };
        let exchange = itself(kit, request).await;
        let sent = Sent {
            exchange,
            found: None,
        };
        rows.push(Row::of(kit, &case, &verdict, sent));
    }
    let [case, _] = self::effects();
    rows.push(match (effects, before) {
        _ if !kit.sender.is_authenticated() => Row::skipped(
            &case,
            "a hint of this sender only makes the receiver ask the sender's API".to_owned(),
        ),
        (None, _) => cannot_tell(&case, "once", WITHOUT_COMMAND.to_owned()),
        (Some(effects), before) => match before.zip(effects.settled().await?) {
            Some((before, after)) => acts_twice(&case, after - before),
            None => cannot_tell(&case, "once", unsettled(effects)),
        },
    });
    Ok(rows)
}

fn unsettled(effects: &Effects) -> String {
    format!(
        "the count still changed after {}: the receiver acts later than it answers, so give --effects-settle more than the {} that it was to stay the same",
        length(effects.settle * PATIENCE),
        length(effects.settle),
    )
}

fn acts_twice(case: &Case, rise: i64) -> Row {
    let finding = match rise {
        1 => Finding::Right,
        2.. => Finding::Fault(case.damage.to_owned()),
        _ => Finding::CannotTell(
            "the count does not rise with a delivery that was received: let --effects count what it does".to_owned(),
        ),
    };
    counted(case, rise, "acts once", finding)
}

/// Whether the receiver has acted on what it had to refuse. The count is the one before, if it did not change.
pub(super) async fn acts_on_forgeries(
    kit: &Kit<'_>,
    effects: Option<(&Effects, Option<i64>)>,
) -> Result<Row, Error> {
    let [_, case] = self::effects();
    if !kit.sender.is_authenticated() {
        let why = "this sender proves nothing: anyone may send a hint".to_owned();
        return Ok(Row::skipped(&case, why));
    }
    let Some((effects, before)) = effects else {
        return Ok(cannot_tell(&case, "never", WITHOUT_COMMAND.to_owned()));
    };
    let Some((before, after)) = before.zip(effects.settled().await?) else {
        return Ok(cannot_tell(&case, "never", unsettled(effects)));
    };
    let rise = after - before;
    let finding = match rise {
        0 => Finding::Right,
        1.. => Finding::Fault(format!("it acted {rise} times: {}", case.damage)),
        _ => Finding::CannotTell("the count fell meanwhile".to_owned()),
    };
    Ok(counted(&case, rise, "never acts", finding))
}

fn counted(case: &Case, rise: i64, should_be: &str, finding: Finding) -> Row {
    Row {
        answered: format!("acted {rise}x"),
        should_be: should_be.to_owned(),
        finding,
        ..Row::skipped(case, String::new())
    }
}

fn cannot_tell(case: &Case, how_often: &str, why: String) -> Row {
    Row {
        answered: "?".to_owned(),
        should_be: format!("acts {how_often}"),
        finding: Finding::CannotTell(why),
        ..Row::skipped(case, String::new())
    }
}
