//! What has to hold before rule files become the active set: they load, their own tests pass, and they do not send most time to the
//! queue (SEMANTICS S6). Whatever comes of it is written down.

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::{
    activation::{self, Active, Waking, Woken},
    backtest::{self, Sum},
    rule_tests::{TestResult, run_tests},
};
use crate::{
    model::{
        entry::{Entry, EntryStatus},
        policy::Policy,
        reload::{Reload, ReloadOutcome},
        words::counted,
    },
    store::{Error, Store, rule_sets::Files},
    yaml::diagnostic::{Diagnostic, Paint, Source},
};

/// How far back it is looked for time that would go to the queue or out of the book: what is fresh by itself, and more of it.
const WEEKS: [u64; 2] = [6, 26];
/// A handful of entries is no flood, however small the firm.
const ENTRIES_MIN: usize = 5;

/// Files that someone wants to be in force.
pub(crate) struct Wish<'a> {
    pub(crate) files: Files,
    pub(crate) policy: &'a Policy,
    pub(crate) actor: &'a str,
    /// Where they were read.
    pub(crate) folder: &'a str,
    pub(crate) ask: Ask,
}

/// How much it is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// They lie in the folder: that counts only where they changed since (SEMANTICS S6).
    Found,
    /// Someone changed them just now, or asks for them.
    Asked,
    /// Even if most time goes to the queue.
    Forced,
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Reloaded {
    /// They are in force already.
    Same(Active),
    /// They are from now on, and so many days became due.
    Active(Active, usize),
    /// They were once; others were made active since, and stay.
    Replaced(Active),
    Refused(Refusal),
}

/// Why the set that was active before still is.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// They do not load.
    Findings(Vec<(Source, Diagnostic)>),
    /// Tests in them fail.
    Tests(Vec<TestResult>),
    /// They would send most time to the queue.
    Flood(Flood),
}

/// Time that nobody approved yet, and what would become of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flood {
    /// So far back.
    pub(crate) weeks: u64,
    /// What stands, held or not.
    pub(crate) stands: Sum,
    /// What of it would no longer be there, and no longer be asked about.
    pub(crate) gone: Sum,
    /// What of it is ready to be approved.
    pub(crate) ready: Sum,
    /// What of that would be held back, or no longer be there.
    pub(crate) lost: Sum,
}

impl Refusal {
    /// For whoever has to mend it.
    pub(crate) fn told(&self, paint: Paint) -> String {
        match self {
            Self::Findings(findings) => {
                findings.iter().map(|(source, finding)| finding.draw(source, paint)).collect::<Vec<_>>().join("\n\n")
            }
            Self::Tests(failed) => failed.iter().map(TestResult::told).collect::<Vec<_>>().join("\n"),
            Self::Flood(flood) => flood.told(),
        }
    }

    /// In one line.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Findings(findings) => counted(findings.len(), "finding", "findings"),
            Self::Tests(failed) => counted(failed.len(), "test of the rule files fails", "tests of the rule files fail"),
            Self::Flood(flood) if flood.loses() => "most time would go to the queue".to_owned(),
            Self::Flood(_) => "most time would no longer be there".to_owned(),
        }
    }
}

impl Flood {
    fn told(self) -> String {
        let Self { weeks, stands, gone, ready, lost } = self;
        let hours = |sum: Sum| format!("{}:{:02} h", sum.seconds / 3600, sum.seconds / 60 % 60);
        let (of, what, becomes) = if self.loses() {
            (format!("{} in the last {weeks} weeks that are ready", hours(ready)), lost, "held back or gone")
        } else {
            (format!("{} in the last {weeks} weeks", hours(stands)), gone, "gone, and no longer asked about")
        };
        let (hours, entries) = (hours(what), counted(what.entries, "entry", "entries"));
        format!(
            "of {of}, {hours} ({entries}) would be {becomes}; see: kalends rules backtest, and if it is meant: kalends rules reload --force"
        )
    }

    fn is_one(self) -> bool {
        self.loses() || is_most(self.gone, self.stands)
    }

    /// Whether most of what is ready is.
    fn loses(self) -> bool {
        is_most(self.lost, self.ready)
    }

    /// Takes one entry in.
    fn count(&mut self, entry: &Entry) {
        self.stands.add(entry.body.seconds);
        if is_ready(entry) {
            self.ready.add(entry.body.seconds);
        }
    }

    /// Takes in what would become of one.
    fn count_change(&mut self, before: &Entry, after: &Entry) {
        if !stands(after) {
            self.gone.add(before.body.seconds);
        }
        if is_ready(before) && !is_ready(after) {
            self.lost.add(before.body.seconds);
        }
    }
}

fn is_most(part: Sum, whole: Sum) -> bool {
    part.entries >= ENTRIES_MIN && part.seconds * 2 > whole.seconds
}

/// Files as a set whose own tests pass.
///
/// # Errors
/// Every finding in them, or every test that fails.
pub(crate) fn proven(files: Files, policy: &Policy, today: NaiveDate) -> Result<Active, Refusal> {
    let set = Active::proposed(files, policy, today).map_err(Refusal::Findings)?;
    let failed: Vec<_> = run_tests(&set.rules).into_iter().filter(|test| !test.differences.is_empty()).collect();
    if failed.is_empty() { Ok(set) } else { Err(Refusal::Tests(failed)) }
}

/// Makes files the active set if they differ from it and nothing speaks against them.
pub(crate) async fn reload(store: &Store, wish: &Wish<'_>, now: DateTime<Utc>) -> Result<Reloaded, Error> {
    let digest = activation::digest(&wish.files, wish.policy);
    loop {
        let before = match activation::active(store).await? {
            Some(active) if active.digest == digest => return Ok(Reloaded::Same(active)),
            Some(active) if wish.ask == Ask::Found && store.read().await?.was_replaced(&digest, wish.folder).await? => {
                return Ok(Reloaded::Replaced(active));
            }
            before => before,
        };
        let mut next = match checked(store, before.as_ref(), wish, now).await? {
            Ok(next) => next,
            Err(refusal) => {
                write_down(store, wish, &digest, &refusal, now).await?;
                return Ok(Reloaded::Refused(refusal));
            }
        };
        match activation::activate(store, before.as_ref(), &mut next, (wish.actor, wish.folder), now).await {
            // Someone else was quicker: look again at what is active now.
            Err(Error::Outdated(_)) => {}
            done => return Ok(Reloaded::Active(next, done?)),
        }
    }
}

async fn checked(store: &Store, before: Option<&Active>, wish: &Wish<'_>, now: DateTime<Utc>) -> Result<Result<Active, Refusal>, Error> {
    let next = match proven(wish.files.clone(), wish.policy, now.date_naive()) {
        Ok(next) => next,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(before) = before.filter(|_| wish.ask != Ask::Forced) else { return Ok(Ok(next)) };
    // What would be closed then is known to a set of its own: the one that becomes active must not take it for still there.
    let tried = match Active::from_files(wish.files.clone(), wish.policy) {
        Ok(tried) => tried,
        Err(findings) => return Ok(Err(Refusal::Findings(findings))),
    };
    let floods = floods(store, before, tried, now).await?;
    Ok(floods.into_iter().find(|flood| flood.is_one()).map_or(Ok(next), |flood| Err(Refusal::Flood(flood))))
}

/// What would become of the time that nobody approved yet. Only days that read differently are derived.
async fn floods(store: &Store, before: &Active, mut next: Active, now: DateTime<Utc>) -> Result<[Flood; 2], Error> {
    let today = now.date_naive();
    let since = |weeks: u64| today - Days::new(7 * weeks);
    backtest::with_closed(store, before, &mut next, today).await?;
    let mut floods = WEEKS.map(|weeks| Flood { weeks, ..Flood::default() });
    let waking = Waking { before: Some(before), next: &next };
    for staff in store.read().await?.staff().await? {
        for (first, last) in backtest::stretches(since(WEEKS[1]).max(staff.first_day), today) {
            let mut tx = store.read().await?;
            let Woken { days, entries } = waking.days(&mut tx, &staff, first, last).await?;
            let days = days.range(first..=last).copied().collect();
            let tried = backtest::tried(&mut tx, &staff, days, next.basis(now)).await?;
            for flood in &mut floods {
                let from = since(flood.weeks);
                let is_near = |entry: &&Entry| stands(entry) && from <= entry.body.date;
                let changed = tried.changed.iter().filter_map(|one| Some((one.before.as_ref().filter(is_near)?, &one.after)));
                let changed: Vec<_> = changed.collect();
                entries.iter().filter(is_near).for_each(|entry| flood.count(entry));
                for (before, after) in changed {
                    flood.count_change(before, after);
                }
            }
        }
    }
    Ok(floods)
}

/// Whether it is there, and no approval has settled it.
fn stands(entry: &Entry) -> bool {
    !matches!(entry.status, EntryStatus::Void | EntryStatus::Approved | EntryStatus::Exported)
}

/// Whether nothing but a person's yes stands between an entry and the bill.
fn is_ready(entry: &Entry) -> bool {
    !entry.body.held && matches!(entry.status, EntryStatus::Draft | EntryStatus::Submitted)
}

/// A refusal is written down once, however often the same files are tried.
async fn write_down(store: &Store, wish: &Wish<'_>, digest: &str, refusal: &Refusal, now: DateTime<Utc>) -> Result<(), Error> {
    let mut tx = store.write().await?;
    let told = Some(refusal.told(Paint::Plain));
    let last = tx.reloads(1).await?.pop().filter(|last| last.outcome == ReloadOutcome::Refused && last.digest == digest);
    if last.is_some_and(|last| last.told == told) {
        return Ok(());
    }
    let (actor, folder) = (wish.actor.to_owned(), wish.folder.to_owned());
    let (number, days, outcome) = (0, 0, ReloadOutcome::Refused);
    tx.insert_reload(&Reload { number, digest: digest.to_owned(), at: now, actor, folder, outcome, days, told }).await?;
    tx.commit().await
}
