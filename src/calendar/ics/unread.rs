//! Components that cannot be read: what is known of them all the same, so that nothing else counts in their place.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::{
    event::Parsed,
    property::{Fault, Written, with_properties},
    recurrence::Start,
    series::moment,
    series_of,
    zones::KnownZones,
};
use crate::{
    calendar::{Broken, Window},
    model::{day::Zones, event::Moment},
};

/// A component that cannot be read.
pub(super) struct Lost {
    line: usize,
    pub(super) uid: Option<String>,
    sequence: i64,
    /// Which occurrence it replaces, if it says so.
    replaces: Option<Replaced>,
    fault: Fault,
}

#[derive(Clone, Copy)]
struct Replaced {
    /// None where not even that can be read.
    original: Option<Written>,
    and_future: bool,
    /// The zone of a time that names none; its series' own where that is what cannot be read.
    floating: Option<Tz>,
}

impl Lost {
    pub(super) fn from(line: usize, lines: &[String], zones: &KnownZones, floating: Tz, fault: Fault) -> Self {
        let named = |name: &'static str| {
            let is_it = |line: &&String| {
                let end = line.find([':', ';']).unwrap_or(line.len());
                line[..end].eq_ignore_ascii_case(name)
            };
            lines.iter().find(is_it)
        };
        let value = |name| named(name).and_then(|line| Some(line.rsplit_once(':')?.1.trim()));
        let uid = named("UID").and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).filter(|uid| !uid.is_empty());
        let replaces = named("RECURRENCE-ID").map(|line| {
            let read = |line: &str| with_properties(&[line.to_owned()], zones, |properties| properties.moment("RECURRENCE-ID"));
            let (original, floating) = match read(line) {
                Err(Fault::UnknownTimezone(_) | Fault::OddTimezone(_) | Fault::UnreadTimezone(_)) => {
                    let bare = format!("RECURRENCE-ID:{}", value("RECURRENCE-ID").unwrap_or_default());
                    (read(&bare).ok().flatten(), None)
                }
                read => (read.ok().flatten(), Some(floating)),
            };
            Replaced { original, and_future: line.to_ascii_uppercase().contains(";RANGE=THISANDFUTURE"), floating }
        });
        Self { line, uid, sequence: value("SEQUENCE").and_then(|value| value.parse().ok()).unwrap_or(0), replaces, fault }
    }

    /// The question about it, and where in its series it is unread.
    fn told(self, uid: &str, series: Option<&Parsed>, window: &Window) -> (Broken, Option<Place>) {
        let place = self.replaces.and_then(|replaced| replaced.place(series, self.sequence));
        // Skipped is not absent: one occurrence, or whatever has its UID.
        let (key, unread) = match &place {
            Some(Place { at, is_alone: true, .. }) => (format!("{uid}#{at}"), None),
            _ => (uid.to_owned(), self.uid.as_deref().map(series_of)),
        };
        let zones = Zones::only(series.map_or(Tz::UTC, |series| series.floating));
        let begins = |at: &Moment| match at {
            Moment::At(at) => *at,
            Moment::On(date) => zones.start(*date),
        };
        let at = place.as_ref().map(|place| place.at).filter(|at| window.contains(begins(at)));
        (Broken { at, ..broken(key, unread, self.line, &self.fault) }, place)
    }
}

impl Replaced {
    fn place(self, series: Option<&Parsed>, sequence: i64) -> Option<Place> {
        let original = self.original?;
        let own = Start { local: chrono::NaiveDateTime::MIN, zone: Tz::UTC, all_day: matches!(original, Written::Date(_)) };
        let start = series.map_or(own, |series| series.start);
        let at = moment(start, start.local_of(original, self.floating.unwrap_or(start.zone)));
        Some(Place { at, and_future: self.and_future, sequence, is_alone: !self.and_future && self.floating.is_some() })
    }
}

struct Place {
    at: Moment,
    and_future: bool,
    sequence: i64,
    /// Whether it is this occurrence alone, for certain.
    is_alone: bool,
}

/// Where a series is unread: neither what its rule says of these occurrences counts, nor what an older component says.
#[derive(Default)]
pub(super) struct Unread {
    at: BTreeMap<Moment, i64>,
    from: Option<Moment>,
    /// The newest component that stands for the series itself.
    series: Option<i64>,
}

impl Unread {
    /// What is unread of a series, and the questions about it.
    pub(super) fn of(lost: Vec<Lost>, uid: &str, series: Option<&Parsed>, window: &Window) -> (Self, Vec<Broken>) {
        let (mut unread, mut questions) = (Self::default(), Vec::new());
        for lost in lost {
            if lost.replaces.is_none() {
                unread.series = unread.series.max(Some(lost.sequence));
            }
            let (question, place) = lost.told(uid, series, window);
            questions.push(question);
            let Some(place) = place else { continue };
            let newest = unread.at.entry(place.at).or_insert(place.sequence);
            *newest = (*newest).max(place.sequence);
            if place.and_future {
                unread.from = Some(unread.from.map_or(place.at, |from| from.min(place.at)));
            }
        }
        (unread, questions)
    }

    /// Whether an occurrence that the rule makes is one that cannot be read.
    pub(super) fn holds(&self, original: Moment) -> bool {
        self.at.contains_key(&original) || self.from.is_some_and(|from| from <= original)
    }

    /// Whether what cannot be read came after this.
    pub(super) fn surpasses(&self, parsed: &Parsed, original: Option<Moment>) -> bool {
        let newest = match original {
            Some(original) => self.at.get(&original).copied(),
            None => self.series,
        };
        newest.is_some_and(|newest| newest > parsed.sequence)
    }
}

/// The question about something that cannot be read.
pub(super) fn broken(key: String, uid: Option<String>, line: usize, fault: &Fault) -> Broken {
    let reason = match fault {
        Fault::Bad(_) => "bad-event",
        Fault::UnknownTimezone(_) | Fault::OddTimezone(_) | Fault::UnreadTimezone(_) => "unknown-timezone",
    };
    Broken { key, uid, line, at: None, reason, message: format!("line {line}: {fault}") }
}
