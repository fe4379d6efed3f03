use std::time::Duration;

use super::case::{Case, Meant};
use super::effects::Effects;
use super::finding::Row;
use super::kit::Kit;
use super::report::Report;
use super::{Args, deliveries, refusals, repeats, sent};
use crate::error::Error;
use crate::net::{Failure, Wire};
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
        let others = [events, deliveries::cases(), refusals()];
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
            let sender = self.kit.sender;
            let secret = match (secret_was_made, sender.is_authenticated()) {
                (_, false) => String::new(),
                (true, _) => format!("; it was {}", sender.advice_for_made()),
                (false, _) => ", and that it has the secret that was given".to_owned(),
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

    /// Whether there is a receiver at all.
    pub(super) async fn listens(&self) -> Result<(), Error> {
        match Wire::open(&self.kit.target, self.kit.wait()).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(Error::failed(format!(
                "{failure}, so nothing was tried: check that the receiver runs and that its URL is right"
            ))),
        }
    }

    /// Everything that is to be refused. What keeps a connection comes last, so that a receiver that serves one at a time
    /// answers the others.
    pub(super) async fn forgeries(&mut self, handshakes: Vec<Case>) -> Result<(), Error> {
        let all = refusals().into_iter().chain(handshakes);
        let refused = all.filter(|case| case.meant == Meant::Refused);
        let (acted_on, others): (Vec<_>, Vec<_>) =
            refused.partition(|case| case.may_be_acted_on(self.kit));
        // What a receiver does about these is not counted.
        for case in &acted_on {
            match self.args.forged_only {
                true => self.left_out(case)?,
                false => self.case(case).await?,
            }
        }
        let [_, counted] = repeats::effects();
        let before = match &self.effects {
            Some(effects) if self.wants(&counted.name) => effects.settled().await?,
            _ => None,
        };
        let (long, short): (Vec<_>, Vec<_>) = others
            .into_iter()
            .partition(|case| case.by.keeps_a_connection());
        for case in short.iter().chain(&long) {
            self.case(case).await?;
        }
        if self.wants(&counted.name) {
            let effects = self.effects.as_ref().map(|effects| (effects, before));
            let row = repeats::acts_on_forgeries(self.kit, effects).await?;
            self.report.row(row)?;
        }
        Ok(())
    }

    fn left_out(&mut self, case: &Case) -> Result<(), Error> {
        if !self.wants(&case.name) {
            return Ok(());
        }
        let why =
            "its credential is right, so a receiver may act on it, and --forged-only leaves it out";
        self.report.row(Row::skipped(case, why.to_owned()))
    }

    /// Whether an authentic delivery is still taken.
    pub(super) async fn afterwards(&mut self) -> Result<(), Error> {
        let case = repeats::afterwards();
        match self.args.forged_only {
            true => Ok(()),
            false => self.case(&case).await,
        }
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
