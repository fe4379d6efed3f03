//! Whether what was promised was kept, by the ledger, the acts of the rig, what was sent, and what is in the store.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use webhook_axum::guarantee::{Record, State};
use webhook_tests::ledger::{Entry, Mark, Plan};

use crate::act::{Act, Kind};
use crate::rig::LEASE;
use crate::senders::Tally;

/// So long after an act at most, it shows in the ledger: a handler begins a moment after its delivery was taken.
const SOON: Duration = Duration::from_millis(500);

/// So long after its end at most, an attempt is recorded, if nothing keeps it from that.
const RECORDED: Duration = Duration::from_secs(2);

pub struct Judge {
    runs: BTreeMap<u64, Vec<Run>>,
    acts: Vec<Act>,
    /// Whether the store is a file, whose lock a process that is stopped may have, and whose clock is the rig's.
    is_file: bool,
    /// When attempts began.
    begun: Vec<Duration>,
    faults: Vec<String>,
    extra: BTreeMap<&'static str, u64>,
}

/// An attempt, in the order of their numbers, which is that in which they were taken.
#[derive(Clone, Copy)]
struct Run {
    attempt: u32,
    pid: u32,
    begun: Duration,
    ended: Option<(Mark, Duration)>,
}

pub struct Verdict {
    runs: usize,
    extra: BTreeMap<&'static str, u64>,
}

impl Judge {
    pub fn new(entries: &[Entry], acts: Vec<Act>, is_file: bool) -> Self {
        let mut faults = Vec::new();
        let mut runs: BTreeMap<u64, BTreeMap<u32, Run>> = BTreeMap::new();
        for entry in entries {
            let runs = runs.entry(entry.number).or_default();
            match runs.get_mut(&entry.attempt) {
                None if entry.mark == Mark::Begun => {
                    let run = Run {
                        attempt: entry.attempt,
                        pid: entry.pid,
                        begun: entry.at,
                        ended: None,
                    };
                    runs.insert(entry.attempt, run);
                }
                Some(run)
                    if entry.mark != Mark::Begun && run.pid == entry.pid && run.ended.is_none() =>
                {
                    run.ended = Some((entry.mark, entry.at));
                }
                _ => faults.push(format!("twice, or without a beginning: {entry}")),
            }
        }
        let mut begun: Vec<_> = entries
            .iter()
            .filter(|it| it.mark == Mark::Begun)
            .map(|it| it.at)
            .collect();
        begun.sort();
        let in_order =
            |(number, runs): (u64, BTreeMap<u32, Run>)| (number, runs.into_values().collect());
        Self {
            runs: runs.into_iter().map(in_order).collect(),
            acts,
            is_file,
            begun,
            faults,
            extra: BTreeMap::new(),
        }
    }

    /// Fails with everything that is wrong.
    #[track_caller]
    pub fn judge(mut self, sent: &Tally, records: &[Record]) -> Verdict {
        self.faults.extend(sent.faults.iter().cloned());
        let mut rows: HashMap<u64, &Record> = HashMap::new();
        for record in records {
            let plan = record.delivery.id().and_then(Plan::find);
            match plan.filter(|plan| sent.plans.get(&plan.number) == Some(plan)) {
                None => self
                    .faults
                    .push(format!("stored, and not sent: {record:?}")),
                Some(plan) => {
                    if rows.insert(plan.number, record).is_some() {
                        self.fault(plan.number, "stored twice");
                    }
                }
            }
        }
        for number in sent.acknowledged.keys() {
            if !rows.contains_key(number) {
                self.fault(*number, "acknowledged, and not stored");
            }
        }
        for number in self.runs.keys().copied().collect::<Vec<_>>() {
            match (sent.plans.get(&number), rows.get(&number)) {
                (Some(plan), Some(_)) => self.judge_runs(plan),
                _ => self.fault(number, "handled, and not sent or not stored"),
            }
        }
        for (number, record) in rows {
            self.judge_record(number, record);
        }
        let faults = &self.faults;
        let first = &faults[..faults.len().min(10)];
        assert!(
            faults.is_empty(),
            "{} faults:\n{}",
            faults.len(),
            first.join("\n")
        );
        Verdict {
            runs: self.runs.values().map(Vec::len).sum(),
            extra: self.extra,
        }
    }

    /// Each attempt but the first has its reason in the one before it.
    fn judge_runs(&mut self, plan: &Plan) {
        let runs = self.runs[&plan.number].clone();
        for run in &runs {
            let planned = match run.attempt <= plan.fails {
                true => Mark::Failed,
                false => Mark::Handled,
            };
            if run.ended.is_some_and(|(mark, _)| mark != planned) {
                self.fault(plan.number, "it did not end as planned");
            }
        }
        for pair in runs.windows(2) {
            let [run, next] = pair else { continue };
            match run.ended {
                // The next attempt is what was to follow.
                Some((Mark::Failed, at)) if next.begun >= at => {
                    // Unless attempts between them were taken and did not begin: then it is late.
                    if next.attempt > run.attempt + 1 && self.cause(None, at, next.begun).is_none()
                    {
                        self.fault(plan.number, "an attempt was lost");
                    }
                }
                _ => match self.cause_of_next(run, next) {
                    Some(cause) => *self.extra.entry(cause).or_default() += 1,
                    None => self.fault(plan.number, "an attempt more, without a cause"),
                },
            }
        }
    }

    fn cause_of_next(&self, run: &Run, next: &Run) -> Option<&'static str> {
        // A process may be stopped after it has taken a delivery and before it begins.
        let from = run.begun.min(next.begun);
        let until = run.begun.max(next.begun);
        let until = match run.ended {
            Some((_, at)) => until.min(self.recorded_by(at)),
            None => until,
        };
        self.cause(Some(run.pid), from, until)
    }

    /// What has taken a delivery from this process, or from any, in this time.
    fn cause(&self, pid: Option<u32>, from: Duration, until: Duration) -> Option<&'static str> {
        let from = from.saturating_sub(SOON);
        let mine = |of: u32| pid.is_none_or(|pid| pid == of);
        let cause = |act: &Act| {
            let cut = act.length() >= LEASE / 2;
            match act.kind {
                Kind::Killed(of) if mine(of) => Some((0, "after a kill")),
                Kind::Left(of) if mine(of) => Some((0, "left at the end")),
                Kind::Stopped(of) if cut && mine(of) => Some((1, "after a stop")),
                Kind::Restarted => Some((2, "after a restart of the database")),
                Kind::ClockSet(1..) => Some((3, "after a jump of the clock")),
                Kind::Stopped(_) if cut && self.has_lock(act) => {
                    Some((4, "while the other process was stopped"))
                }
                Kind::Stalled => Some((5, "after a stall of the machine")),
                _ => None,
            }
        };
        let acts = self.acts.iter().filter(|act| act.overlaps(from, until));
        acts.filter_map(cause).min().map(|(_, cause)| cause)
    }

    /// Whether a process that was stopped may have kept the others from writing: then nobody took a delivery meanwhile.
    fn has_lock(&self, stop: &Act) -> bool {
        let from = stop.from + SOON;
        let next = self.begun.partition_point(|at| *at < from);
        self.is_file && self.begun.get(next).is_none_or(|at| *at > stop.until)
    }

    /// When an attempt that has ended is recorded at the latest: later if the process or the store was stopped.
    fn recorded_by(&self, ended: Duration) -> Duration {
        let mut by = ended + RECORDED;
        // In the order of their beginning.
        for act in &self.acts {
            let holds_up = matches!(act.kind, Kind::Stopped(_) | Kind::Restarted | Kind::Stalled);
            if holds_up && act.overlaps(ended, by) {
                by = by.max(act.until + RECORDED);
            }
        }
        by
    }

    /// It is done, by the last attempt that was taken, after that had ended.
    fn judge_record(&mut self, number: u64, record: &Record) {
        if record.state != State::Done {
            return self.fault(
                number,
                &format!("it is {}: {:?}", record.state.name(), record.last_error),
            );
        }
        let runs = self
            .runs
            .get(&number)
            .map(Vec::as_slice)
            .unwrap_or_default();
        if runs.iter().any(|run| run.attempt > record.attempts) {
            return self.fault(number, "it was done, and handled again");
        }
        let last = runs.iter().find(|run| run.attempt == record.attempts);
        let Some((Mark::Handled, at)) = last.and_then(|run| run.ended) else {
            let attempt = record.attempts;
            return self.fault(
                number,
                &format!("attempt {attempt} is recorded as done, and did not handle it"),
            );
        };
        let finished = record.finished_at.unwrap_or(UNIX_EPOCH);
        let finished = finished.duration_since(UNIX_EPOCH).unwrap();
        if !self.can_be_after(finished, at) {
            let finished = finished.as_micros();
            self.fault(
                number,
                &format!("it was recorded before it was handled: {finished}"),
            );
        }
    }

    /// Whether the clock of the store can have shown this after a moment.
    fn can_be_after(&self, shown: Duration, at: Duration) -> bool {
        // Times are stored in milliseconds, and a process reads the clock a moment after it was set.
        let close = Duration::from_millis(5);
        if !self.is_file {
            return shown + close >= at;
        }
        let (mut ahead, mut since) = (0, Duration::ZERO);
        let sets = self.acts.iter().filter_map(|act| match act.kind {
            Kind::ClockSet(by) => Some((by, act)),
            _ => None,
        });
        let mut periods = Vec::new();
        for (by, act) in sets {
            periods.push((ahead, since, act.until));
            ahead += by;
            since = act.from;
        }
        periods.push((ahead, since, Duration::MAX));
        periods.into_iter().any(|(ahead, from, until)| {
            let distance = Duration::from_millis(i64::unsigned_abs(ahead));
            let real = match ahead < 0 {
                true => shown + distance,
                false => shown.saturating_sub(distance),
            };
            // A transaction has the time of its beginning, and each command in it runs after that.
            let in_period = real + SOON >= from && real <= until.saturating_add(SOON);
            in_period && real + close >= at
        })
    }

    fn fault(&mut self, number: u64, what: &str) {
        use fmt::Write as _;

        let mut text = format!("delivery {number}: {what}");
        let runs = self
            .runs
            .get(&number)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut moments = Vec::new();
        for run in runs {
            let Run {
                attempt,
                pid,
                begun,
                ended,
            } = run;
            let _ = write!(
                text,
                "\n  attempt {attempt} by {pid}: begun {}",
                begun.as_micros()
            );
            if let Some((mark, at)) = ended {
                let _ = write!(text, ", {mark:?} {}", at.as_micros());
            }
            moments.push(*begun);
            moments.extend(ended.map(|(_, at)| at));
        }
        if let (Some(from), Some(until)) = (moments.iter().min(), moments.iter().max()) {
            let around = Duration::from_secs(3);
            for act in &self.acts {
                if act.overlaps(from.saturating_sub(around), *until + around) {
                    let _ = write!(text, "\n  {act}");
                }
            }
        }
        self.faults.push(text);
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, extra } = self;
        let all: u64 = extra.values().sum();
        write!(
            f,
            "{runs} attempts, {all} of them more than planned: {extra:?}"
        )
    }
}
