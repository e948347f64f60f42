//! One pass over due pages, person by person: load, judge, draft, write the difference.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tracing::debug;

use super::{
    derive::{Basis, Derived, derive},
    difference::{self, Difference},
    hits,
    pages::{self, Pages, Wanted},
};
use crate::{
    model::{
        audit::{Act, DERIVATION},
        entry::{Draft, Entry, EntryKey, EntryStatus},
        exception::{Concern, Question, Subject},
        ids::{DaemonId, MeetingId, StaffId},
        policy::Policy,
        staff::Staff,
    },
    store::{Error, Store, Tx, days::Due},
};

/// Pages of one transaction: a month.
const DAYS_MAX: i64 = 31;
/// Events of one transaction, unless a single day has more.
const EVENTS_MAX: i64 = 5_000;
/// How long a claim on a person holds without a sign of life.
const LEASE: TimeDelta = TimeDelta::seconds(120);

/// How much a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) days: usize,
    pub(crate) entries: usize,
    pub(crate) exceptions: usize,
}

impl std::ops::AddAssign for Settled {
    fn add_assign(&mut self, more: Self) {
        self.days += more.days;
        self.entries += more.entries;
        self.exceptions += more.exceptions;
    }
}

/// Settles everything due by now, a month of one person at most in one transaction: what is fresh first, then what is derived again,
/// newest first (S20).
///
/// # Errors
/// [`Error::Outdated`] if another rule set became active meanwhile: what is left is for whoever has that one.
pub(crate) async fn settle_due(store: &Store, basis: Basis<'_>, by: DaemonId) -> Result<Settled, Error> {
    let mut sum = Settled::default();
    for why in [Due::Fresh, Due::Again] {
        let people = store.read().await?.staff_with_due(why, basis.now).await?;
        for staff in people {
            let mut tx = store.write().await?;
            let claimed = tx.claim_staff(staff, by, basis.now, basis.now + LEASE).await?;
            tx.commit().await?;
            // Another daemon has her: it settles what is due.
            let Some(fence) = claimed else { continue };
            let settled = settle_person(store, (staff, fence), why, basis).await;
            let mut tx = store.write().await?;
            tx.release_staff(staff, fence).await?;
            tx.commit().await?;
            sum += settled?;
        }
    }
    Ok(sum)
}

async fn settle_person(store: &Store, (staff, fence): (StaffId, i64), why: Due, basis: Basis<'_>) -> Result<Settled, Error> {
    let mut sum = Settled::default();
    while let Some(settled) = settle_month(store, staff, fence, why, basis).await? {
        debug!(staff.id = %staff, settled.days, settled.entries, settled.exceptions, "Settled days.");
        sum += settled;
    }
    Ok(sum)
}

async fn settle_month(store: &Store, staff: StaffId, fence: i64, why: Due, basis: Basis<'_>) -> Result<Option<Settled>, Error> {
    let mut tx = store.write().await?;
    tx.hold_staff(staff, fence, basis.now, basis.now + LEASE).await?;
    tx.lock_staff(staff).await?;
    let due = tx.due_days(staff, why, basis.now, DAYS_MAX).await?;
    let Some(first) = due.first().copied() else { return Ok(None) };
    let near: Vec<_> = due.into_iter().take_while(|date| (*date - first).abs().num_days() < DAYS_MAX).collect();
    let last = near.last().copied().unwrap_or(first);
    let events = tx.events_per_day(staff, first.min(last), first.max(last)).await?;
    // A month of a crowded calendar does not fit into memory at once; a day always has to.
    let mut count = 0;
    let fits = |date: &NaiveDate| {
        count += events.get(date).copied().unwrap_or_default();
        *date == first || count <= EVENTS_MAX
    };
    let dates = near.into_iter().take_while(fits).collect();
    let settled = rederive(&mut tx, staff, Wanted { dates, subjects: BTreeSet::new() }, basis).await?;
    tx.commit().await?;
    Ok(Some(settled))
}

/// Derives pages and writes the difference, inside a transaction that holds the person's row.
///
/// # Errors
/// [`Error::Outdated`] if another rule set is active by now: days that it made due would be due no more, and never derived by it.
pub(crate) async fn rederive(tx: &mut Tx, staff: StaffId, wanted: Wanted, basis: Basis<'_>) -> Result<Settled, Error> {
    tx.hold_rule_set(basis.digest).await?;
    let staff = tx.staff_member(staff).await?;
    let (pages, derived) = derived(tx, &staff, wanted, basis).await?;
    hits::save(tx, &staff, &pages, hits::hits(&staff, &pages, &derived)).await?;
    let next = derived.next;
    let Difference { entries, exceptions } = compare(&staff, &pages, derived.entries, derived.questions, (basis.by, basis.now));
    tx.save_entries(&entries).await?;
    tx.audit(&returned(&pages, &entries, basis.now)).await?;
    tx.save_exceptions(&exceptions).await?;
    tx.settle_days(staff.id, &next).await?;
    Ok(Settled { days: next.len(), entries: entries.len(), exceptions: exceptions.len() })
}

/// What ought to stand on some pages, where periods are locked.
async fn derived(tx: &mut Tx, staff: &Staff, wanted: Wanted, basis: Basis<'_>) -> Result<(Pages, Derived), Error> {
    let policy = Policy { locked_through: basis.policy.locked_through.max(tx.locked_through(staff.id).await?), ..basis.policy.clone() };
    let pages = pages::load(tx, staff, wanted, basis.rules).await?;
    let derived = derive(staff, &pages, Basis { policy: &policy, ..basis });
    Ok((pages, derived))
}

/// Which open reasons are about which entries of some pages. Writes nothing.
pub(crate) async fn concerns(tx: &mut Tx, staff: &Staff, wanted: Wanted, basis: Basis<'_>) -> Result<Vec<Concern>, Error> {
    Ok(derived(tx, staff, wanted, basis).await?.1.concerns)
}

/// Derivation that changes what a person submitted is written down (S22); plain derivation is repeatable and is not.
fn returned(pages: &Pages, written: &[Entry], now: DateTime<Utc>) -> Vec<Act> {
    let before = |after: &Entry| pages.entries.get(&after.id).filter(|before| before.status == EntryStatus::Submitted);
    let rows = written.iter().filter_map(|after| {
        let before = before(after)?;
        let words = "its calendar or the rules say otherwise since it was submitted".to_owned();
        Some(Act::on_entry(DERIVATION, "returned", now, (Some(before), after), Some(words)))
    });
    rows.collect()
}

/// What has to be written so that what stands is what was derived.
pub(super) fn compare(
    staff: &Staff,
    pages: &Pages,
    drafts: Vec<Draft>,
    questions: Vec<Question>,
    by: (Option<&str>, DateTime<Utc>),
) -> Difference {
    // Of what hangs on these pages, also what stands on others was loaded; only what moves here is compared.
    let keys: HashSet<EntryKey> = drafts.iter().map(|draft| draft.key).collect();
    let here = pages.entries.values().filter(|entry| pages.dates.contains(&entry.body.date) || keys.contains(&entry.key));
    let standing: Vec<Entry> = here.cloned().collect();
    let entries = difference::entries(staff.id, drafts, &standing);
    let known: BTreeMap<EntryKey, &Entry> = standing.iter().chain(&entries).map(|entry| (entry.key, entry)).collect();
    let questions: Vec<_> = questions.into_iter().map(|question| where_it_stands(&known, question)).collect();
    let asked: HashSet<Subject> = questions.iter().map(|question| question.subject).collect();
    let here = pages.exceptions.values().filter(|one| pages.dates.contains(&one.date) || asked.contains(&one.subject));
    let open: Vec<_> = here.cloned().collect();
    let asked_on = |subject| asked_on(&known, subject).map(|entry| entry.id);
    let exceptions = difference::exceptions(staff.id, questions, &open, asked_on, by);
    Difference { entries, exceptions }
}

/// The entry on which something is asked: the first that stands of a meeting on a day; of one that makes no time any more, what it had.
fn asked_on<'a>(known: &BTreeMap<EntryKey, &'a Entry>, subject: Subject) -> Option<&'a Entry> {
    let key = |leg| EntryKey { meeting: MeetingId(subject.id), segment: subject.segment, leg };
    let mut there = known.range(key(0)..=key(i64::MAX)).map(|(_, entry)| *entry).peekable();
    let first = there.peek().copied();
    there.find(|entry| entry.status != EntryStatus::Void).or(first)
}

/// A question about an entry that moved is asked by both of its days, and stands where the entry does.
fn where_it_stands(known: &BTreeMap<EntryKey, &Entry>, question: Question) -> Question {
    let entry = asked_on(known, question.subject).filter(|entry| entry.status != EntryStatus::Void);
    Question { date: entry.map_or(question.date, |entry| entry.body.date), ..question }
}
