//! What has to hold before rule files become the active set: they load, their own tests pass, and they do not send most time to the
//! queue (SEMANTICS S6). Whatever comes of it is written down.

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::{
    activation::{self, Active, Waking, Woken},
    backtest,
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

/// How far back it is looked for time that would go to the queue.
const WEEKS: u64 = 6;
/// A handful of entries is no flood, however small the firm.
const ENTRIES_MIN: usize = 10;

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

/// Time that is ready to be approved, and what would become of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flood {
    /// Seconds that are ready now.
    pub(crate) ready: i64,
    /// Seconds of them that would be held back, or no longer be there.
    pub(crate) lost: i64,
    /// Entries of them that would.
    pub(crate) entries: usize,
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
            Self::Flood(_) => "most time would go to the queue".to_owned(),
        }
    }
}

impl Flood {
    fn told(self) -> String {
        let hours = |seconds: i64| format!("{}:{:02} h", seconds / 3600, seconds / 60 % 60);
        format!(
            "of {} in the last {WEEKS} weeks that are ready, {} ({} entries) would be held back or gone; see: kalends rules backtest, and if it is \
             meant: kalends rules reload --force",
            hours(self.ready),
            hours(self.lost),
            self.entries
        )
    }

    fn is_one(self) -> bool {
        self.entries >= ENTRIES_MIN && self.lost * 2 > self.ready
    }
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
    let flood = flood(store, before, tried, now).await?;
    Ok(if flood.is_one() { Err(Refusal::Flood(flood)) } else { Ok(next) })
}

/// What would become of the time that is ready. Only days that read differently are derived.
async fn flood(store: &Store, before: &Active, mut next: Active, now: DateTime<Utc>) -> Result<Flood, Error> {
    let today = now.date_naive();
    let from = today - Days::new(7 * WEEKS);
    backtest::with_closed(store, before, &mut next, today).await?;
    let mut flood = Flood::default();
    for staff in store.read().await?.staff().await? {
        let mut tx = store.read().await?;
        let waking = Waking { before: Some(before), next: &next };
        let Woken { days, entries } = waking.days(&mut tx, &staff, from.max(staff.first_day), today).await?;
        flood.ready += entries.iter().filter(|entry| is_ready(entry)).map(|entry| entry.body.seconds).sum::<i64>();
        let tried = backtest::tried(&mut tx, &staff, days, next.basis(now)).await?;
        let lost = tried.changed.iter().filter(|one| !is_ready(&one.after)).filter_map(|one| one.before.as_ref());
        for entry in lost.filter(|entry| is_ready(entry)) {
            flood.lost += entry.body.seconds;
            flood.entries += 1;
        }
    }
    Ok(flood)
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
