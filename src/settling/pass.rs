//! One pass over due pages, person by person: load, judge, draft, write the difference.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use tracing::debug;

use super::{
    difference::{self, Difference},
    pages::{self, Pages, subjects},
};
use crate::{
    drafting::{Drafted, Page, draft_day},
    model::{
        entry::{Draft, Entry, EntryKey},
        event::Event,
        exception::Question,
        ids::{EntryId, EventId, MeetingId, StaffId},
        policy::Policy,
        staff::Staff,
        verdict::Verdict,
    },
    rules::{RuleSet, Scene},
    store::{Error, Store, Tx, days::Due},
};

/// Pages of one transaction: a month.
const DAYS_MAX: i64 = 31;

/// What pages are derived from besides the facts and decisions in the book.
#[derive(Clone, Copy)]
pub(crate) struct Basis<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) policy: &'a Policy,
    pub(crate) now: DateTime<Utc>,
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
pub(crate) async fn settle_due(store: &Store, basis: Basis<'_>) -> Result<Settled, Error> {
    let mut sum = Settled::default();
    for why in [Due::Fresh, Due::Again] {
        let people = store.read().await?.staff_with_due(why, basis.now).await?;
        for staff in people {
            while let Some(settled) = settle_month(store, staff, why, basis).await? {
                debug!(staff.id = %staff, settled.days, settled.entries, settled.exceptions, "Settled days.");
                sum += settled;
            }
        }
    }
    Ok(sum)
}

async fn settle_month(store: &Store, staff: StaffId, why: Due, basis: Basis<'_>) -> Result<Option<Settled>, Error> {
    let mut tx = store.write().await?;
    tx.lock_staff(staff).await?;
    let due = tx.due_days(staff, why, basis.now, DAYS_MAX).await?;
    let Some(first) = due.first().copied() else { return Ok(None) };
    let near = due.into_iter().take_while(|date| (*date - first).abs().num_days() < DAYS_MAX);
    let settled = rederive(&mut tx, staff, near, basis).await?;
    tx.commit().await?;
    Ok(Some(settled))
}

/// Derives pages and writes the difference, inside a transaction that holds the person's row.
pub(crate) async fn rederive(
    tx: &mut Tx,
    staff: StaffId,
    dates: impl IntoIterator<Item = NaiveDate>,
    basis: Basis<'_>,
) -> Result<Settled, Error> {
    let staff = tx.staff_member(staff).await?;
    let pages = pages::load(tx, &staff, dates).await?;
    let derived = derive(&staff, &pages, basis);
    let next = derived.next;
    let Difference { entries, exceptions } = compare(&staff, &pages, derived.entries, derived.questions, basis.now);
    tx.save_entries(&entries).await?;
    tx.save_exceptions(&exceptions).await?;
    tx.settle_days(staff.id, &next).await?;
    Ok(Settled { days: next.len(), entries: entries.len(), exceptions: exceptions.len() })
}

/// What ought to stand on some pages.
#[derive(Default)]
pub(super) struct Derived {
    pub(super) entries: Vec<Draft>,
    pub(super) questions: Vec<Question>,
    next: Vec<(NaiveDate, Option<DateTime<Utc>>)>,
}

/// Pure: every page in order of date.
pub(super) fn derive(staff: &Staff, pages: &Pages, basis: Basis<'_>) -> Derived {
    let verdicts = verdicts(staff, pages.events.values(), basis.rules);
    let mut derived = Derived::default();
    for date in &pages.dates {
        let Drafted { entries, questions, next_at } = page(staff, pages, *date, &verdicts, basis);
        derived.entries.extend(entries);
        for question in questions {
            merge(&mut derived.questions, question);
        }
        derived.next.push((*date, next_at));
    }
    derived
}

/// What the rules make of events, each beside the others of its date.
pub(crate) fn verdicts<'a>(staff: &Staff, events: impl Iterator<Item = &'a Event> + Clone, rules: &RuleSet) -> HashMap<EventId, Verdict> {
    let mut days: HashMap<NaiveDate, Vec<&Event>> = HashMap::new();
    if rules.looks_around() {
        for event in events.clone().filter(|event| event.is_live()) {
            staff.zones.dates(&event.fact.span).into_iter().for_each(|date| days.entry(date).or_default().push(event));
        }
    }
    let judged = events.map(|event| {
        let there = days.get(&staff.zones.first_date(&event.fact.span)).into_iter().flatten();
        let others: Vec<_> = there.filter(|other| other.meeting != event.meeting).map(|other| scene(staff, other, &[])).collect();
        (event.id, rules.judge(&scene(staff, event, &others)))
    });
    judged.collect()
}

/// What rules may see of one event.
pub(crate) fn scene<'a>(staff: &'a Staff, event: &'a Event, same_day: &'a [Scene<'a>]) -> Scene<'a> {
    let zone = staff.zones.on(staff.zones.first_date(&event.fact.span));
    let (fact, calendar) = (&event.fact, event.calendar_name.as_str());
    Scene { fact, response: event.response, calendar, addresses: &staff.addresses, zone, same_day }
}

fn page(staff: &Staff, pages: &Pages, date: NaiveDate, verdicts: &HashMap<EventId, Verdict>, basis: Basis<'_>) -> Drafted {
    let here: BTreeSet<MeetingId> = pages.meetings_on(staff, date);
    let events: Vec<(Event, Verdict)> = pages
        .events
        .values()
        .filter(|event| subjects(event).into_iter().any(|subject| here.contains(&MeetingId(subject))))
        .map(|event| (event.clone(), verdicts.get(&event.id).cloned().unwrap_or_default()))
        .collect();
    let ids: BTreeSet<_> = events.iter().flat_map(|(event, _)| subjects(event)).chain(here.iter().map(|meeting| meeting.0)).collect();
    let day = crate::model::ids::derived(staff.id.0, &date.to_string());
    let decisions: Vec<_> =
        pages.decisions.values().filter(|decision| ids.contains(&decision.subject) || decision.subject == day).cloned().collect();
    let standing: Vec<Entry> =
        pages.entries.values().filter(|entry| entry.body.date == date || ids.contains(&entry.key.meeting.0)).cloned().collect();
    draft_day(&Page {
        staff,
        date,
        events: &events,
        catalog: &basis.rules.catalog,
        policy: basis.policy,
        decisions: &decisions,
        standing: &standing,
        as_of: basis.now,
    })
}

impl Pages {
    /// Meetings that make time on a date, now or by what stands of them.
    fn meetings_on(&self, staff: &Staff, date: NaiveDate) -> BTreeSet<MeetingId> {
        let events = self.events.values().filter(|event| staff.zones.dates(&event.fact.span).contains(&date));
        let entries = self.entries.values().filter(|entry| entry.body.date == date);
        let decisions = self.decisions.values().filter(|decision| pages::pinned(staff, decision) == Some(date));
        events
            .map(|event| event.meeting)
            .chain(entries.map(|entry| entry.key.meeting))
            .chain(decisions.map(|decision| MeetingId(decision.subject)))
            .collect()
    }
}

/// An approved entry stands on one page while its event has moved to another: one question, which says what is derived now.
fn merge(questions: &mut Vec<Question>, question: Question) {
    let Some(known) = questions.iter_mut().find(|known| known.subject == question.subject) else {
        return questions.push(question);
    };
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

/// What has to be written so that what stands is what was derived.
pub(super) fn compare(staff: &Staff, pages: &Pages, drafts: Vec<Draft>, questions: Vec<Question>, now: DateTime<Utc>) -> Difference {
    let standing: Vec<Entry> = pages.entries.values().cloned().collect();
    let entries = difference::entries(staff.id, drafts, &standing);
    let ids: BTreeMap<EntryKey, EntryId> = standing.iter().chain(&entries).map(|entry| (entry.key, entry.id)).collect();
    let open: Vec<_> = pages.exceptions.values().cloned().collect();
    let exceptions = difference::exceptions(staff.id, questions, &open, |key| ids.get(&key).copied(), now);
    Difference { entries, exceptions }
}
