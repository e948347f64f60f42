//! Finds the vanished occurrence that a new one was before its key changed (SEMANTICS S2). Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc, Weekday};

use super::{
    covered::Covered,
    reconcile::{Known, place},
};
use crate::model::{
    day::Zones,
    event::{Event, Fact, Moment, Span},
    ids::EventId,
};

/// Events by UID and local date.
pub(super) struct ByDay<'a>(BTreeMap<Key, &'a Event>);
type Key = (String, NaiveDate, EventId);

/// The dates among which an occurrence is the one that was on another.
pub(super) type Near = fn(NaiveDate) -> (NaiveDate, NaiveDate);

/// The organiser moved the series, and its keys with it: to another hour, to another day of the week, to another day of the month.
pub(super) const NEAR: [Near; 3] = [
    |date| (date, date),
    |date| {
        let week = date.week(Weekday::Mon);
        (week.checked_first_day().unwrap_or(date), week.checked_last_day().unwrap_or(date))
    },
    |date| {
        let first = date.with_day(1).unwrap_or(date);
        (first, first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(date))
    },
];

impl<'a> ByDay<'a> {
    pub(super) fn of(events: impl Iterator<Item = &'a Event>, zones: &Zones) -> Self {
        Self(events.map(|event| ((event.fact.ical_uid.clone(), zones.first_date(&event.fact.span), event.id), event)).collect())
    }

    /// Takes the first of a UID on these dates that is it.
    fn take(&mut self, uid: &str, (first, last): (NaiveDate, NaiveDate), is_it: impl Fn(&Event) -> bool) -> Option<&'a Event> {
        let from = (uid.to_owned(), first, EventId(uuid::Uuid::nil()));
        let mut dated = self.0.range(from..).take_while(|((of, on, _), _)| of == uid && *on <= last);
        let key = dated.find(|(_, event)| is_it(event)).map(|(key, _)| key.clone())?;
        self.0.remove(&key)
    }

    /// A copy that a removed calendar left: the calendar was added again, under whatever address, or another one has the meeting now.
    pub(super) fn take_same_place(&mut self, fact: &Fact) -> Option<&'a Event> {
        self.take(&fact.ical_uid, (NaiveDate::MIN, NaiveDate::MAX), |event| place(&event.fact) == place(fact))
    }

    /// One of the same UID that starts at the same time: only its name changed.
    pub(super) fn take_same_start(&mut self, fact: &Fact, zones: &Zones) -> Option<&'a Event> {
        let date = zones.first_date(&fact.span);
        self.take(&fact.ical_uid, (date, date), |event| event.fact.span.moment() == fact.span.moment())
    }

    /// One of the same UID on one of the dates near, from where it may have come.
    pub(super) fn take_near(&mut self, fact: &Fact, near: Near, standing: &Standing<'_>) -> Option<&'a Event> {
        let date = standing.zones.first_date(&fact.span);
        self.take(&fact.ical_uid, near(date), |event| standing.lets(event, fact))
    }

    pub(super) fn by_span(&self) -> HashMap<Span, Vec<Key>> {
        self.0.iter().fold(HashMap::new(), |mut found, (key, event)| {
            found.entry(event.fact.span).or_default().push(key.clone());
            found
        })
    }

    /// A vanished event that said the very same under another UID: some feeds make their UIDs anew each time they are asked.
    pub(super) fn take_same_words(&mut self, by_span: &HashMap<Span, Vec<Key>>, fact: &Fact) -> Option<&'a Event> {
        let says = |fact: &Fact| (fact.status, fact.show_as, fact.visibility);
        let is_same = |event: &Event| event.fact.text == fact.text && says(&event.fact) == says(fact);
        let key = by_span.get(&fact.span)?.iter().find(|key| self.0.get(*key).is_some_and(|event| is_same(event)))?;
        self.0.remove(key)
    }

    pub(super) fn into_events(self) -> impl Iterator<Item = &'a Event> {
        self.0.into_values()
    }
}

/// What still stands where it stood. A series that was moved leaves nothing of it there; so an occurrence came from nowhere beyond one that
/// stands, and one in step with those that stand is the next of them.
pub(super) struct Standing<'a> {
    zones: &'a Zones,
    covered: &'a Covered,
    by_uid: HashMap<&'a str, Row>,
}

#[derive(Default)]
struct Row {
    at: BTreeSet<DateTime<Utc>>,
    beats: HashSet<Beat>,
}

/// Where an occurrence lies in its week, on its own clock.
type Beat = (Weekday, NaiveTime);

impl<'a> Standing<'a> {
    /// What this calendar has of the new ones' UIDs, but for those that are absent.
    pub(super) fn of(known: &Known<'a>, covered: &'a Covered, fresh: &HashSet<String>, absent: &HashSet<EventId>) -> Self {
        let here = known.events.iter().chain(known.siblings.iter().filter(|event| event.calendar == known.calendar.id));
        let stands = |event: &&Event| event.removed_at.is_none() && !absent.contains(&event.id) && fresh.contains(&event.fact.ical_uid);
        let mut by_uid: HashMap<&str, Row> = HashMap::new();
        for event in here.filter(stands) {
            let row = by_uid.entry(&event.fact.ical_uid).or_default();
            row.at.insert(at(&event.fact, known.zones));
            row.beats.insert(beat(&event.fact));
        }
        Self { zones: known.zones, covered, by_uid }
    }

    /// Whether a vanished occurrence may be the new one. One of the same day is (S2).
    fn lets(&self, event: &Event, fact: &Fact) -> bool {
        // What shares a UID without being a series has words of its own.
        let is_alike = event.fact.recurring || fact.recurring || event.fact.text.title == fact.text.title;
        let is_same_day = self.zones.first_date(&event.fact.span) == self.zones.first_date(&fact.span);
        is_alike && (is_same_day || self.lets_far(event, fact))
    }

    fn lets_far(&self, event: &Event, fact: &Fact) -> bool {
        // What an answer is silent about has not moved away; a rule speaks of all of its series.
        let is_gone = self.covered.is_ruled(event) || self.covered.contains(event, self.zones);
        is_gone && self.by_uid.get(fact.ical_uid.as_str()).is_none_or(|row| row.lets(event, fact, self.zones))
    }
}

impl Row {
    fn lets(&self, event: &Event, fact: &Fact, zones: &Zones) -> bool {
        let (a, b) = (at(&event.fact, zones), at(fact, zones));
        !self.beats.contains(&beat(fact)) && self.at.range(a.min(b)..=a.max(b)).next().is_none()
    }
}

/// Where it belongs: an occurrence that was moved has its place in its series.
fn moment(fact: &Fact) -> Moment {
    fact.original_start.unwrap_or(fact.span.moment())
}

fn at(fact: &Fact, zones: &Zones) -> DateTime<Utc> {
    match moment(fact) {
        Moment::At(at) => at,
        Moment::On(date) => zones.start(date),
    }
}

fn beat(fact: &Fact) -> Beat {
    let clock = match (moment(fact), fact.span) {
        (Moment::At(at), Span::Timed { zone, .. }) => at.with_timezone(&zone).naive_local(),
        (Moment::At(at), Span::AllDay { .. }) => at.naive_utc(),
        (Moment::On(date), _) => date.and_time(NaiveTime::MIN),
    };
    (clock.weekday(), clock.time())
}
