//! What ought to stand on a person's pages: every event judged, every page drafted. Pure; `pass` loads what it takes and writes the difference.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::pages::{self, Pages, subjects};
use crate::{
    drafting::{Drafted, Page, draft_day},
    model::{
        decision::Decision,
        entry::{Draft, Entry},
        event::Event,
        exception::{Concern, Question, Subject},
        ids::{self, DecisionId, EntryId, EventId},
        policy::Policy,
        staff::Staff,
        verdict::Verdict,
    },
    rules::{RuleSet, Scene, judge::Judge},
};

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

/// What ought to stand on some pages.
#[derive(Default)]
pub(super) struct Derived {
    pub(super) entries: Vec<Draft>,
    pub(super) questions: Vec<Question>,
    /// Which open reasons are about which entry.
    pub(super) concerns: Vec<Concern>,
    /// What the rules made of every event that was there.
    pub(super) verdicts: Verdicts,
    /// Where the question of a subject is.
    places: HashMap<Subject, usize>,
    pub(super) next: Vec<(NaiveDate, Option<DateTime<Utc>>)>,
}

/// Pure: every page in order of date.
pub(super) fn derive(staff: &Staff, pages: &Pages, basis: Basis<'_>) -> Derived {
    let verdicts = verdicts(staff, pages.events.values(), basis.rules);
    let index = Index::of(staff, pages);
    let mut derived = Derived::default();
    for date in &pages.dates {
        let Drafted { entries, questions, concerns, next_at } = page(staff, &index, *date, &verdicts, basis);
        derived.entries.extend(entries);
        derived.concerns.extend(concerns);
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
    let date = staff.zones.first_date(&event.fact.span);
    let (fact, calendar) = (&event.fact, &*event.calendar_name);
    Scene { fact, response: event.response, calendar, addresses: &staff.addresses, date, zone: staff.zones.on(date), same_day }
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
