//! Compares what a calendar says now with what it said before, by stable key. Pure.
//!
//! Nothing is deleted and added again: a vanished occurrence and a new one of the same meeting are one that was re-keyed, so that
//! decisions and approved time follow it (SEMANTICS S2). So are a copy on a calendar that was removed and what another calendar says of
//! its meeting, and what is said again word for word under a new UID. Whether removals are believed is the guard's business.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    covered::Covered,
    rekeying::{ByDay, NEAR, Standing},
};
use crate::model::{
    day::Zones,
    event::{Event, Fact, Moment, Response},
    ids::{self, CalendarId, EventId, MeetingId},
    staff::Calendar,
};

/// What stands in the book before the pass.
pub(crate) struct Known<'a> {
    pub(crate) calendar: &'a Calendar,
    pub(crate) zones: &'a Zones,
    /// Every event ever seen on this calendar, tombstones included.
    pub(crate) events: &'a [Event],
    /// Events of the same person with the same UIDs, on any calendar, tombstones included.
    pub(crate) siblings: &'a [Event],
    /// Calendars of the person that were removed: what they said last stands (S7) until another calendar speaks of it.
    pub(crate) removed: &'a HashSet<CalendarId>,
}

impl<'a> Known<'a> {
    /// Copies that stand on calendars that were removed.
    fn left(&self) -> impl Iterator<Item = &'a Event> {
        self.siblings.iter().filter(|event| event.removed_at.is_none() && self.removed.contains(&event.calendar))
    }
}

/// What the calendar says now.
pub(crate) struct Said {
    pub(crate) facts: Vec<(Fact, Response)>,
    /// UIDs and keys of what could not be read: skipped is not absent.
    pub(crate) unread: HashSet<String>,
    pub(crate) covered: Covered,
}

/// What the pass would write.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// New and changed events.
    pub(crate) save: Vec<Event>,
    /// Events that are no longer there, not yet tombstones.
    pub(crate) vanished: Vec<Event>,
    /// Copies on removed calendars of meetings that nothing was said of.
    left: Vec<Event>,
    /// Local dates whose page in the book may change.
    pub(crate) due: BTreeSet<NaiveDate>,
}

/// Compares both sides as of `now`.
pub(crate) fn reconcile(known: &Known<'_>, said: Said, now: DateTime<Utc>) -> Changes {
    let mut by_key: HashMap<&str, &Event> = known.events.iter().map(|event| (event.fact.provider_id.as_str(), event)).collect();
    let mut changes = Changes::default();
    let meetings = meetings(known);
    let mut fresh = Vec::new();
    for (fact, response) in said.facts {
        match by_key.remove(fact.provider_id.as_str()) {
            Some(before) => changes.revise(known, before, fact, response, now),
            None => fresh.push((fact, response)),
        }
    }
    let absent = by_key.into_values().filter(|event| event.removed_at.is_none());
    let absent = absent.filter(|event| !said.unread.contains(&event.fact.ical_uid) && !said.unread.contains(&event.fact.provider_id));
    let absent: Vec<&Event> = absent.collect();
    let named: HashSet<String> = fresh.iter().map(|(fact, _)| fact.ical_uid.clone()).collect();
    let standing = Standing::of(known, &said.covered, &named, &absent.iter().map(|event| event.id).collect());
    let (mut vanished, mut left) = (ByDay::of(absent.into_iter(), known.zones), ByDay::of(known.left(), known.zones));
    fresh.sort_by(|(a, _), (b, _)| a.provider_id.cmp(&b.provider_id));
    for (fact, response) in std::mem::take(&mut fresh) {
        match left.take_same_place(&fact).or_else(|| vanished.take_same_start(&fact, known.zones)) {
            Some(before) => changes.revise(known, before, fact, response, now),
            None => fresh.push((fact, response)),
        }
    }
    // What is nearest first, so that no occurrence takes the place of one that is nearer to another.
    for near in NEAR {
        for (fact, response) in std::mem::take(&mut fresh) {
            match vanished.take_near(&fact, near, &standing).or_else(|| left.take_near(&fact, near, &standing)) {
                Some(before) => changes.revise(known, before, fact, response, now),
                None => fresh.push((fact, response)),
            }
        }
    }
    let by_span = vanished.by_span();
    for (fact, response) in fresh {
        match vanished.take_same_words(&by_span, &fact) {
            Some(before) => changes.revise(known, before, fact, response, now),
            None => changes.add(known, &meetings, fact, response, now),
        }
    }
    // Outside the covered span silence says nothing.
    changes.vanished = vanished.into_events().filter(|event| said.covered.contains(event, known.zones)).cloned().collect();
    let told: BTreeSet<MeetingId> = changes.save.iter().map(|event| event.meeting).collect();
    let (outdated, left) = left.into_events().cloned().partition(|event| told.contains(&event.meeting));
    changes.left = left;
    changes.bury(outdated, known.zones, now);
    changes
}

impl Changes {
    fn revise(&mut self, known: &Known<'_>, before: &Event, fact: Fact, response: Response, now: DateTime<Utc>) {
        let calendar = known.calendar;
        if before.fact == fact && before.response == response && before.removed_at.is_none() && before.calendar == calendar.id {
            return;
        }
        let dates = |span| known.zones.first_date(span);
        let moved = before.removed_at.is_some() || dates(&before.fact.span) != dates(&fact.span);
        self.due.extend(known.zones.dates(&before.fact.span));
        self.due.extend(known.zones.dates(&fact.span));
        self.save.push(Event {
            fact,
            response,
            calendar: calendar.id,
            calendar_order: calendar.position,
            calendar_name: calendar.name.as_str().into(),
            revision: before.revision + 1,
            placed_at: if moved { now } else { before.placed_at },
            removed_at: None,
            ..before.clone()
        });
    }

    fn add(&mut self, known: &Known<'_>, meetings: &Meetings<'_>, fact: Fact, response: Response, now: DateTime<Utc>) {
        self.due.extend(known.zones.dates(&fact.span));
        let id = EventId(ids::fresh());
        let meeting = meetings.get(&place(&fact)).copied().unwrap_or_else(|| MeetingId(ids::fresh()));
        self.save.push(Event {
            id,
            staff: known.calendar.staff,
            calendar: known.calendar.id,
            calendar_order: known.calendar.position,
            calendar_name: known.calendar.name.as_str().into(),
            meeting,
            fact,
            response,
            revision: 1,
            first_seen: now,
            placed_at: now,
            removed_at: None,
        });
    }

    /// Turns what vanished into tombstones, with its copies on calendars that say nothing any more.
    pub(crate) fn remove(&mut self, zones: &Zones, now: DateTime<Utc>) {
        let mut vanished = std::mem::take(&mut self.vanished);
        let meetings: BTreeSet<MeetingId> = vanished.iter().map(|event| event.meeting).collect();
        vanished.extend(self.left.drain(..).filter(|event| meetings.contains(&event.meeting)));
        self.bury(vanished, zones, now);
    }

    fn bury(&mut self, events: Vec<Event>, zones: &Zones, now: DateTime<Utc>) {
        for event in events {
            self.due.extend(zones.dates(&event.fact.span));
            self.save.push(event.buried(now));
        }
    }
}

/// Where the calendars of a person agree that they mean one meeting: the UID, and the place in its series (S2).
type Meetings<'a> = HashMap<(&'a str, Moment), MeetingId>;

pub(super) fn place(of: &Fact) -> (&str, Moment) {
    (&of.ical_uid, of.original_start.unwrap_or(Moment::On(NaiveDate::MIN)))
}

/// The meetings that stand on other calendars, or stood on this one. A copy that starts at another time stays apart; drafting sees to
/// that, since starts change later.
fn meetings<'a>(known: &Known<'a>) -> Meetings<'a> {
    let others = known.siblings.iter().filter(|event| event.calendar != known.calendar.id || event.removed_at.is_some());
    // The first of several counts.
    others.rev().map(|event| (place(&event.fact), event.meeting)).collect()
}
