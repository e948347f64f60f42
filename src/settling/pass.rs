//! One pass over due pages, person by person: load, judge, draft, write the difference.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, hash_map},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tracing::debug;
use uuid::Uuid;

use super::{
    difference::{self, Difference},
    hits,
    pages::{self, Pages, Wanted, subjects},
};
use crate::{
    drafting::{Drafted, Page, draft_day},
    model::{
        audit::{Act, DERIVATION},
        decision::Decision,
        entry::{Draft, Entry, EntryKey, EntryStatus},
        event::Event,
        exception::{Question, Subject},
        ids::{self, DaemonId, DecisionId, EntryId, EventId, MeetingId, StaffId},
        policy::Policy,
        staff::Staff,
        verdict::Verdict,
    },
    rules::{RuleSet, Scene, judge::Judge},
    store::{Error, Store, Tx, days::Due},
};

/// Pages of one transaction: a month.
const DAYS_MAX: i64 = 31;
/// Events of one transaction, unless a single day has more.
const EVENTS_MAX: i64 = 5_000;
/// How long a claim on a person holds without a sign of life.
const LEASE: TimeDelta = TimeDelta::seconds(120);

/// What pages are derived from besides the facts and decisions in the book.
#[derive(Clone, Copy)]
pub(crate) struct Basis<'a> {
    /// Names the rule set.
    pub(crate) digest: &'a str,
    pub(crate) rules: &'a RuleSet,
    pub(crate) policy: &'a Policy,
    pub(crate) now: DateTime<Utc>,
    /// Whose act it follows from; nobody's where facts or rules changed.
    pub(crate) by: Option<&'a str>,
}

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
    let policy = Policy { locked_through: basis.policy.locked_through.max(tx.locked_through(staff.id).await?), ..basis.policy.clone() };
    let basis = Basis { policy: &policy, ..basis };
    let pages = pages::load(tx, &staff, wanted, basis.rules).await?;
    let derived = derive(&staff, &pages, basis);
    hits::save(tx, &staff, &pages, hits::hits(&staff, &pages, &derived)).await?;
    let next = derived.next;
    let Difference { entries, exceptions } = compare(&staff, &pages, derived.entries, derived.questions, (basis.by, basis.now));
    tx.save_entries(&entries).await?;
    tx.audit(&returned(&pages, &entries, basis.now)).await?;
    tx.save_exceptions(&exceptions).await?;
    tx.settle_days(staff.id, &next).await?;
    Ok(Settled { days: next.len(), entries: entries.len(), exceptions: exceptions.len() })
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

/// What ought to stand on some pages.
#[derive(Default)]
pub(super) struct Derived {
    pub(super) entries: Vec<Draft>,
    pub(super) questions: Vec<Question>,
    /// What the rules made of every event that was there.
    pub(super) verdicts: Verdicts,
    /// Where the question of a subject is.
    places: HashMap<Subject, usize>,
    next: Vec<(NaiveDate, Option<DateTime<Utc>>)>,
}

/// Pure: every page in order of date.
pub(super) fn derive(staff: &Staff, pages: &Pages, basis: Basis<'_>) -> Derived {
    let verdicts = verdicts(staff, pages.events.values(), basis.rules);
    let index = Index::of(staff, pages);
    let mut derived = Derived::default();
    for date in &pages.dates {
        let Drafted { entries, questions, next_at } = page(staff, &index, *date, &verdicts, basis);
        derived.entries.extend(entries);
        for question in questions {
            derived.ask(question);
        }
        derived.next.push((*date, next_at));
    }
    derived.verdicts = verdicts;
    derived
}

/// What the rules make of events; those that differ in nothing it rests on share it.
pub(crate) type Verdicts = HashMap<EventId, Arc<Verdict>>;

/// What the rules make of events, each beside the others of its date where they ask for these.
pub(crate) fn verdicts<'a>(staff: &Staff, events: impl Iterator<Item = &'a Event> + Clone, rules: &RuleSet) -> Verdicts {
    if rules.looks_around() {
        return verdicts_beside_others(staff, events, rules);
    }
    let mut judge = Judge::new(rules);
    events.map(|event| (event.id, judge.verdict(&scene(staff, event, &[])))).collect()
}

fn verdicts_beside_others<'a>(staff: &Staff, events: impl Iterator<Item = &'a Event> + Clone, rules: &RuleSet) -> Verdicts {
    let mut days: HashMap<NaiveDate, Vec<&Event>> = HashMap::new();
    for event in events.clone().filter(|event| event.is_live()) {
        staff.zones.dates(&event.fact.span).into_iter().for_each(|date| days.entry(date).or_default().push(event));
    }
    let judged = events.map(|event| {
        let there = days.get(&staff.zones.first_date(&event.fact.span)).into_iter().flatten();
        let others: Vec<_> = there.filter(|other| other.meeting != event.meeting).map(|other| scene(staff, other, &[])).collect();
        (event.id, rules.judge(&scene(staff, event, &others)).into())
    });
    judged.collect()
}

/// What rules may see of one event.
pub(crate) fn scene<'a>(staff: &'a Staff, event: &'a Event, same_day: &'a [Scene<'a>]) -> Scene<'a> {
    let zone = staff.zones.on(staff.zones.first_date(&event.fact.span));
    let (fact, calendar) = (&event.fact, &*event.calendar_name);
    Scene { fact, response: event.response, calendar, addresses: &staff.addresses, zone, same_day }
}

/// What hangs on a meeting, and which meetings a date is about; made once for all pages.
#[derive(Default)]
struct Index<'a> {
    /// Meetings that make time on a date, now or by what stands of them.
    meetings: HashMap<NaiveDate, BTreeSet<Uuid>>,
    /// By each of its subjects.
    events: HashMap<Uuid, Vec<&'a Event>>,
    decisions: HashMap<Uuid, Vec<&'a Decision>>,
    entries: HashMap<Uuid, Vec<&'a Entry>>,
    entries_on: HashMap<NaiveDate, Vec<&'a Entry>>,
}

impl<'a> Index<'a> {
    fn of(staff: &Staff, pages: &'a Pages) -> Self {
        let mut index = Self::default();
        for event in pages.events.values() {
            for date in staff.zones.dates(&event.fact.span) {
                index.meetings.entry(date).or_default().insert(event.meeting.0);
            }
            for subject in subjects(event) {
                index.events.entry(subject).or_default().push(event);
            }
        }
        for entry in pages.entries.values() {
            index.meetings.entry(entry.body.date).or_default().insert(entry.key.meeting.0);
            index.entries.entry(entry.key.meeting.0).or_default().push(entry);
            index.entries_on.entry(entry.body.date).or_default().push(entry);
        }
        for decision in pages.decisions.values() {
            if let Some(date) = pages::pinned(staff, decision) {
                index.meetings.entry(date).or_default().insert(decision.subject);
            }
            index.decisions.entry(decision.subject).or_default().push(decision);
        }
        index
    }
}

fn page(staff: &Staff, index: &Index<'_>, date: NaiveDate, verdicts: &Verdicts, basis: Basis<'_>) -> Drafted {
    let here = index.meetings.get(&date).cloned().unwrap_or_default();
    let found: BTreeMap<EventId, &Event> =
        here.iter().filter_map(|id| index.events.get(id)).flatten().map(|event| (event.id, *event)).collect();
    let ids: BTreeSet<Uuid> = found.values().flat_map(|event| subjects(event)).chain(here).collect();
    let day = ids::of_day(staff.id, date);
    let events: Vec<(Event, Arc<Verdict>)> =
        found.into_values().map(|event| (event.clone(), verdicts.get(&event.id).cloned().unwrap_or_default())).collect();
    let about = ids.iter().chain([&day]).filter_map(|id| index.decisions.get(id)).flatten();
    let decisions: BTreeMap<DecisionId, Decision> = about.map(|decision| (decision.id, (*decision).clone())).collect();
    let standing = ids.iter().filter_map(|id| index.entries.get(id)).chain(index.entries_on.get(&date)).flatten();
    let standing: BTreeMap<EntryId, Entry> = standing.map(|entry| (entry.id, (*entry).clone())).collect();
    draft_day(&Page {
        staff,
        date,
        events: &events,
        catalog: &basis.rules.catalog,
        policy: basis.policy,
        decisions: &decisions.into_values().collect::<Vec<_>>(),
        standing: &standing.into_values().collect::<Vec<_>>(),
        as_of: basis.now,
    })
}

impl Derived {
    /// An approved entry stands on one page while its event has moved to another: one question, which says what is derived now.
    fn ask(&mut self, question: Question) {
        let place = match self.places.entry(question.subject) {
            hash_map::Entry::Vacant(free) => {
                free.insert(self.questions.len());
                return self.questions.push(question);
            }
            hash_map::Entry::Occupied(known) => *known.get(),
        };
        let known = &mut self.questions[place];
        for (mine, theirs) in [(&mut known.open, question.open), (&mut known.dismissed, question.dismissed)] {
            for reason in theirs {
                match mine.iter_mut().find(|other| other.reason == reason.reason) {
                    Some(other) if other.cause["derived"].is_null() => *other = reason,
                    Some(_) => {}
                    None => mine.push(reason),
                }
            }
        }
        known.date = known.date.min(question.date);
    }
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
    let asked: HashSet<Subject> = questions.iter().map(|question| question.subject).collect();
    let here = pages.exceptions.values().filter(|one| pages.dates.contains(&one.date) || asked.contains(&one.subject));
    let open: Vec<_> = here.cloned().collect();
    let exceptions = difference::exceptions(staff.id, questions, &open, |subject| asked_on(&known, subject), by);
    Difference { entries, exceptions }
}

/// The entry on which something is asked: the first that stands of a meeting on a day; of one that makes no time any more, what it had.
fn asked_on(known: &BTreeMap<EntryKey, &Entry>, subject: Subject) -> Option<EntryId> {
    let key = |leg| EntryKey { meeting: MeetingId(subject.id), segment: subject.segment, leg };
    let mut there = known.range(key(0)..=key(i64::MAX)).map(|(_, entry)| entry).peekable();
    let first = there.peek().map(|entry| entry.id);
    there.find(|entry| entry.status != EntryStatus::Void).map(|entry| entry.id).or(first)
}
