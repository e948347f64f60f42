//! Loads everything that hangs together with some pages of a person's book.
//!
//! A meeting that touches a page brings in every page it touches, now or by what stands of it: only so can a moved event move its
//! entry, instead of leaving one page before it arrives on the other (SEMANTICS S3).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use uuid::Uuid;

use crate::{
    model::{
        decision::{Act, Decision},
        entry::Entry,
        event::{Event, Span},
        exception::Exception,
        ids::{self, DecisionId, EntryId, EventId, ExceptionId, MeetingId},
        staff::Staff,
    },
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

/// Loads the pages and whatever they pull in.
pub(super) async fn load(tx: &mut Tx, staff: &Staff, dates: impl IntoIterator<Item = NaiveDate>) -> Result<Pages, Error> {
    let mut pages = Pages { dates: dates.into_iter().collect(), ..Pages::default() };
    let mut loaded = BTreeSet::new();
    loop {
        let fresh: BTreeSet<_> = pages.dates.difference(&loaded).copied().collect();
        if fresh.is_empty() {
            return Ok(pages);
        }
        for (first, last) in runs(&fresh) {
            pages.load_run(tx, staff, first, last).await?;
        }
        pages.load_meetings(tx, staff).await?;
        loaded.extend(fresh);
        pages.dates.extend(pages.touched(staff));
    }
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
        self.events.extend(tx.events_on(staff.id, first, last).await?.into_iter().map(|event| (event.id, event)));
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
        self.dates.iter().map(|date| ids::derived(staff.id.0, &date.to_string())).collect()
    }

    /// Every date on which something loaded makes time, or stands.
    fn touched(&self, staff: &Staff) -> Vec<NaiveDate> {
        let events = self.events.values().filter(|event| matches!(event.fact.span, Span::Timed { .. }));
        let of_events = events.flat_map(|event| staff.zones.dates(&event.fact.span));
        let of_entries = self.entries.values().map(|entry| entry.body.date);
        let of_decisions = self.decisions.values().filter_map(|decision| pinned(staff, decision));
        of_events.chain(of_entries).chain(of_decisions).collect()
    }
}

/// What entries and questions of one event can hang on: its meeting, and the two kinds of ids that drafting derives from it.
pub(crate) fn subjects(event: &Event) -> [Uuid; 3] {
    let meeting = event.meeting.0;
    [meeting, ids::derived(meeting, "both"), ids::derived(meeting, &event.id.to_string())]
}

/// The day a decision pins something to.
pub(crate) fn pinned(staff: &Staff, decision: &Decision) -> Option<NaiveDate> {
    match &decision.act {
        Act::Time(edit) => Some(staff.zones.date_of(edit.start)),
        Act::Write(written) => Some(written.date),
        Act::Split { seen, .. } | Act::Merge { seen, .. } => {
            let dates = staff.zones.dates(&Span::Timed { start: seen.start, end: seen.end, zone: chrono_tz::UTC });
            dates.get(usize::try_from(decision.segment).ok()?).copied()
        }
        _ => None,
    }
}
