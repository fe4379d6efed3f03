use std::time::Duration;

use futures_util::future::{join, join_all};

use super::case::{Case, Meant};
use super::effects::Effects;
use super::finding::Row;
use super::kit::Kit;
use super::report::Report;
use super::{Args, contents, credentials, deliveries, repeats, sent, sizes};
use crate::error::Error;
use crate::net::Failure;
use crate::senders::Verdict;

/// A check of one receiver, while it goes on.
pub(super) struct Run<'a> {
    pub(super) args: &'a Args,
    pub(super) kit: &'a Kit<'a>,
    pub(super) effects: Option<Effects>,
    pub(super) report: Report,
}

impl Run<'_> {
    fn wants(&self, name: &str) -> bool {
        self.args.only.is_empty() || self.args.only.iter().any(|only| only == name)
    }

    /// Everything that is to be accepted.
    pub(super) async fn deliveries(
        &mut self,
        events: Vec<Case>,
        secret_was_made: bool,
    ) -> Result<(), Error> {
        self.authentic(secret_was_made).await?;
        let others = [events, deliveries::cases(), credentials::cases()];
        let others = others.into_iter().flatten();
        for case in others.filter(|case| case.meant == Meant::Accepted) {
            self.case(&case).await?;
        }
        self.repeats().await
    }

    /// The delivery without which nothing that follows would say anything.
    async fn authentic(&mut self, secret_was_made: bool) -> Result<(), Error> {
        let case = deliveries::authentic();
        let (row, refused) = attempt(self.kit, &case, self.args.slow_after).await;
        if let Some(refused) = refused {
            let variable = &self.kit.sender.signing_variable();
            let secret = match (secret_was_made, variable.is_empty()) {
                (_, true) => String::new(),
                (true, _) => format!(
                    ", and set {variable} to its secret: this was signed with one that was made for this machine"
                ),
                (false, _) => format!(", and that it has the secret that is in {variable}"),
            };
            return Err(Error::failed(format!(
                "an authentic delivery got {refused}, so nothing else was tried: check that the receiver runs and that its URL is right{secret}; one that looks up what an event names cannot know these ids"
            )));
        }
        match self.wants(&case.name) {
            true => self.report.row(row),
            false => Ok(()),
        }
    }

    async fn case(&mut self, case: &Case) -> Result<(), Error> {
        if !self.wants(&case.name) {
            return Ok(());
        }
        let (row, _) = attempt(self.kit, case, self.args.slow_after).await;
        self.report.row(row)
    }

    async fn repeats(&mut self) -> Result<(), Error> {
        let [acts_twice, _] = repeats::effects();
        let mut names = repeats::cases().into_iter().chain([acts_twice]);
        if !names.any(|case| self.wants(&case.name)) {
            return Ok(());
        }
        for row in repeats::repeat(self.kit, self.effects.as_ref()).await? {
            if self.wants(&row.name) {
                self.report.row(row)?;
            }
        }
        Ok(())
    }

    /// Everything that is to be refused. What takes seconds is sent beside the rest.
    pub(super) async fn forgeries(&mut self) -> Result<(), Error> {
        let before = match &self.effects {
            Some(effects) => Some(effects.settled().await?),
            None => None,
        };
        let all = [credentials::cases(), contents::cases(), sizes::cases()];
        let wanted = all
            .into_iter()
            .flatten()
            .filter(|case| self.wants(&case.name));
        let refused = wanted.filter(|case| case.meant == Meant::Refused);
        let (slow, fast): (Vec<_>, Vec<_>) = refused.partition(|case| case.by.takes_time());
        let slow = join_all(
            slow.iter()
                .map(|case| attempt(self.kit, case, self.args.slow_after)),
        );
        let fast = async {
            for case in fast {
                let (row, _) = attempt(self.kit, &case, self.args.slow_after).await;
                self.report.row(row)?;
            }
            Ok::<_, Error>(())
        };
        let (slow, fast) = join(slow, fast).await;
        fast?;
        for (row, _) in slow {
            self.report.row(row)?;
        }
        let [_, case] = repeats::effects();
        if self.wants(&case.name) {
            let effects = self.effects.as_ref().zip(before);
            let row = repeats::acts_on_forgeries(self.kit, effects).await?;
            self.report.row(row)?;
        }
        Ok(())
    }
}

/// Sends what a case has, if the core says that it is what it is meant to be. The text is there if the receiver would not even
/// take an authentic delivery.
async fn attempt(kit: &Kit<'_>, case: &Case, slow_after: Duration) -> (Row, Option<String>) {
    let request = match (case.make)(kit) {
        Ok(request) => request,
        Err(skip) => return (Row::skipped(case, skip.0.into_owned()), None),
    };
    let verdict = kit.verdict(&request);
    let is_meant = match &verdict {
        Verdict::Authentic(_) | Verdict::Greeted(_) => Meant::Accepted,
        Verdict::Refused { .. } => Meant::Refused,
    };
    if is_meant != case.meant {
        let why = match &verdict {
            Verdict::Refused { rejection, .. } => format!("not of this sender: {rejection}"),
            _ => format!(
                "authentic all the same: this sender proves {}",
                kit.sender.proves
            ),
        };
        return (Row::skipped(case, why), None);
    }
    let sent = sent::send(kit, case, request, slow_after).await;
    let refused = match &sent.exchange.result {
        Ok(answer) if answer.status.is_success() || answer.status.is_redirection() => None,
        Ok(answer) => Some(answer.status.to_string()),
        Err(Failure::TooLate(_)) => None,
        Err(failure) => Some(failure.to_string()),
    };
    (Row::of(kit, case, &verdict, sent), refused)
}
