//! Loads everything that hangs together with some pages of a person's book.
//!
//! A meeting that stands, or is held by a decision, on a date its events are not on brings in all of these dates: only so can a moved event
//! move its entry, instead of leaving one page before it arrives on the other (SEMANTICS S3). One that only lasts over midnight does not:
//! else a chain of nights would pull in a year.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use uuid::Uuid;

use crate::{
    model::{
        decision::{Act, Decision},
        entry::{Entry, EntryStatus},
        event::{Event, Span},
        exception::Exception,
        ids::{self, DecisionId, EntryId, EventId, ExceptionId, MeetingId},
        staff::Staff,
    },
    rules::RuleSet,
    store::{Error, Tx},
};

/// Pages that are derived together, and all that stands on them.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) dates: BTreeSet<NaiveDate>,
    pub(super) events: BTreeMap<EventId, Event>,
    pub(super) entries: BTreeMap<EntryId, Entry>,
    pub(super) decisions: BTreeMap<DecisionId, Decision>,
    pub(super) exceptions: BTreeMap<ExceptionId, Exception>,
}

/// Which pages are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) dates: BTreeSet<NaiveDate>,
    /// Meetings, or what else can be decided about, each with every page it is on.
    pub(crate) subjects: BTreeSet<Uuid>,
}

/// Loads the pages and whatever they pull in.
pub(super) async fn load(tx: &mut Tx, staff: &Staff, wanted: Wanted, rules: &RuleSet) -> Result<Pages, Error> {
    let mut pages = Pages { dates: wanted.dates, ..Pages::default() };
    let mut loaded = BTreeSet::new();
    loop {
        let fresh: BTreeSet<_> = pages.dates.difference(&loaded).copied().collect();
        if fresh.is_empty() {
            return Ok(pages);
        }
        for (first, last) in runs(&fresh) {
            let events = events(tx, staff, (first, last), rules.looks_around()).await?;
            pages.events.extend(events.into_iter().map(|event| (event.id, event)));
            pages.load_run(tx, staff, first, last).await?;
        }
        pages.load_meetings(tx, staff).await?;
        loaded.extend(fresh);
        let mut more = pages.touched(staff);
        more.extend(wanted.subjects.iter().flat_map(|subject| pages.dates_of(staff, *subject)));
        pages.dates.append(&mut more);
    }
}

/// A person's events on some dates. With rules that ask what else is on a date, also those beside which one of them began earlier: her
/// time after midnight reads as it does before.
pub(super) async fn events(
    tx: &mut Tx,
    staff: &Staff,
    (first, last): (NaiveDate, NaiveDate),
    looks_around: bool,
) -> Result<Vec<Event>, Error> {
    let mut events = tx.events_on(staff.id, first, last).await?;
    let began = events.iter().map(|event| staff.zones.first_date(&event.fact.span)).filter(|date| looks_around && *date < first);
    let began: Vec<_> = began.collect::<BTreeSet<_>>().into_iter().collect();
    if !began.is_empty() {
        events.extend(tx.events_touching(staff.id, &began).await?);
    }
    Ok(events)
}

/// Dates as runs of neighbours, so that far-off ones do not bring in all that lies between.
fn runs(dates: &BTreeSet<NaiveDate>) -> Vec<(NaiveDate, NaiveDate)> {
    let mut runs: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for date in dates {
        match runs.last_mut() {
            Some(run) if run.1 + Days::new(1) == *date => run.1 = *date,
            _ => runs.push((*date, *date)),
        }
    }
    runs
}

impl Pages {
    async fn load_run(&mut self, tx: &mut Tx, staff: &Staff, first: NaiveDate, last: NaiveDate) -> Result<(), Error> {
        self.entries.extend(tx.entries_on(staff.id, first, last).await?.into_iter().map(|entry| (entry.id, entry)));
        self.decisions.extend(tx.decisions_on(staff.id, first, last).await?.into_iter().map(|decision| (decision.id, decision)));
        self.exceptions.extend(tx.exceptions_on(staff.id, first, last).await?.into_iter().map(|exception| (exception.id, exception)));
        Ok(())
    }

    /// All copies, entries, decisions and exceptions of every meeting that is here by one of them.
    async fn load_meetings(&mut self, tx: &mut Tx, staff: &Staff) -> Result<(), Error> {
        let named: BTreeSet<MeetingId> = self
            .entries
            .values()
            .map(|entry| entry.key.meeting)
            .chain(self.events.values().map(|event| event.meeting))
            .chain(self.decisions.values().map(|decision| MeetingId(decision.subject)))
            .collect();
        let named: Vec<_> = named.into_iter().collect();
        self.events.extend(tx.events_of_meetings(&named).await?.into_iter().map(|event| (event.id, event)));
        let subjects: BTreeSet<Uuid> =
            named.iter().map(|meeting| meeting.0).chain(self.events.values().flat_map(subjects)).chain(self.days(staff)).collect();
        let subjects: Vec<_> = subjects.into_iter().collect();
        let meetings: Vec<_> = subjects.iter().copied().map(MeetingId).collect();
        self.entries.extend(tx.entries_of_meetings(&meetings).await?.into_iter().map(|entry| (entry.id, entry)));
        self.decisions.extend(tx.decisions_about(&subjects).await?.into_iter().map(|decision| (decision.id, decision)));
        self.exceptions.extend(tx.exceptions_about(staff.id, &subjects).await?.into_iter().map(|exception| (exception.id, exception)));
        Ok(())
    }

    fn days(&self, staff: &Staff) -> Vec<Uuid> {
        self.dates.iter().map(|date| ids::of_day(staff.id, *date)).collect()
    }

    /// Every date of what has a subject.
    fn dates_of(&self, staff: &Staff, subject: Uuid) -> Vec<NaiveDate> {
        let events = self.events.values().filter(|event| subjects(event).contains(&subject));
        let ids: BTreeSet<Uuid> = events.clone().flat_map(subjects).chain([subject]).collect();
        let of_entries = self.entries.values().filter(|entry| ids.contains(&entry.key.meeting.0)).map(|entry| entry.body.date);
        let of_decisions = self.decisions.values().filter(|decision| ids.contains(&decision.subject));
        let pinned = of_decisions.filter_map(|decision| pinned(staff, decision));
        events.flat_map(|event| staff.zones.dates(&event.fact.span)).chain(of_entries).chain(pinned).collect()
    }

    /// Every date of meetings that stand, or are held by a decision, where their events are not: what happens on one page is then asked
    /// about on the other.
    fn touched(&self, staff: &Staff) -> BTreeSet<NaiveDate> {
        let mut owner: BTreeMap<Uuid, Uuid> = BTreeMap::new();
        let mut lasts: BTreeMap<Uuid, BTreeSet<NaiveDate>> = BTreeMap::new();
        for event in self.events.values() {
            owner.extend(subjects(event).map(|subject| (subject, event.meeting.0)));
            lasts.entry(event.meeting.0).or_default().extend(staff.zones.dates(&event.fact.span));
        }
        let of_entries = self.entries.values().filter(|entry| entry.status != EntryStatus::Void);
        let of_entries = of_entries.map(|entry| (entry.key.meeting.0, entry.body.date));
        let of_decisions = self.decisions.values().filter_map(|decision| Some((decision.subject, pinned(staff, decision)?)));
        let mut stands: BTreeMap<Uuid, BTreeSet<NaiveDate>> = BTreeMap::new();
        for (subject, date) in of_entries.chain(of_decisions) {
            stands.entry(owner.get(&subject).copied().unwrap_or(subject)).or_default().insert(date);
        }
        let nowhere = BTreeSet::new();
        let around = stands.into_iter().map(|(meeting, dates)| (dates, lasts.get(&meeting).unwrap_or(&nowhere)));
        around.filter(|(dates, lasts)| !dates.is_subset(lasts)).flat_map(|(dates, lasts)| &dates | lasts).collect()
    }
}

/// What entries and questions of one event can hang on: its meeting, and the two kinds of ids that drafting derives from it.
pub(crate) fn subjects(event: &Event) -> [Uuid; 3] {
    let meeting = event.meeting;
    [meeting, meeting.beside(), meeting.apart(event.id)].map(|meeting| meeting.0)
}

/// The day a decision pins something to.
pub(crate) fn pinned(staff: &Staff, decision: &Decision) -> Option<NaiveDate> {
    match &decision.act {
        Act::Time(edit) | Act::GiveWay(edit) => Some(staff.zones.date_of(edit.start)),
        Act::Write(written) => Some(written.date),
        Act::Split { seen, .. } | Act::Merge { seen, .. } => {
            let dates = staff.zones.dates(&Span::Timed { start: seen.start, end: seen.end, zone: chrono_tz::UTC });
            dates.get(usize::try_from(decision.segment).ok()?).copied()
        }
        _ => None,
    }
}
