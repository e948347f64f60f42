//! TZID to an IANA zone, or not at all: a zone is never guessed, and never UTC in silence.
//!
//! `icalendar` knows IANA names only. `zone_names` knows more of them, and here is a file's own VTIMEZONE, which becomes the IANA zone that
//! keeps the same clock changes around the window.

use std::{cell::RefCell, collections::HashMap};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::{
    observances::Observances,
    property::Fault,
    scan::{Component, Limits},
    zone_names::{named, offset, offset_at, plain},
};
use crate::calendar::Window;

/// How far apart a file's zone and an IANA zone are compared, besides at every change.
const SAMPLES_APART: TimeDelta = TimeDelta::days(5);
const SAMPLES_MAX: usize = 2_000;

/// The zones that one calendar may name.
pub(super) struct KnownZones {
    /// Those it defines itself, by TZID, and those that were asked for.
    known: RefCell<HashMap<String, Result<Tz, Fault>>>,
    pub(super) notes: Vec<String>,
}

impl KnownZones {
    /// The zones of a file with their VTIMEZONEs. `preferred` is taken first where several zones keep the same changes.
    pub(super) fn of(zones: &[Component], file: &[u8], limits: &Limits, window: &Window, preferred: Tz) -> Self {
        let (mut known, mut notes) = (HashMap::new(), Vec::new());
        for component in zones {
            let Some((name, observances)) = Observances::read(component, file, limits) else { continue };
            let zone = match observances {
                Ok(own) => resolve(&name, &own, window, preferred).inspect(|zone| {
                    notes.extend(own.unlike(*zone, &name, window).map(|how| format!("line {}: {how}; the latter counts", component.line)));
                }),
                // Many write no more than its name.
                Err(fault) => named(&name).or_else(|| offset(&name)).ok_or(fault),
            };
            known.insert(key(&name), zone);
        }
        Self { known: RefCell::new(known), notes }
    }

    /// The zone that a TZID names.
    pub(super) fn zone(&self, name: &str) -> Result<Tz, Fault> {
        let find = || named(name).or_else(|| offset(name)).ok_or_else(|| Fault::UnknownTimezone(name.to_owned()));
        self.known.borrow_mut().entry(key(name)).or_insert_with(find).clone()
    }
}

/// As the same name is written in two places.
fn key(name: &str) -> String {
    plain(name).to_lowercase()
}

/// A zone that a file defines. A full IANA name or one of Windows stands for itself, whatever the file says of it: programs keep old
/// rules for years. A short name such as EST is many things to many programs, so there the definition counts.
fn resolve(name: &str, own: &Observances, window: &Window, preferred: Tz) -> Result<Tz, Fault> {
    let known = named(name);
    match known {
        Some(zone) if zone.name().contains('/') || own.keeps(zone, window) => Ok(zone),
        _ => own.same_as(window, preferred).or_else(|| offset(name)).or(known).ok_or_else(|| Fault::OddTimezone(name.to_owned())),
    }
}

/// How exactly a zone must keep the changes of a definition.
#[derive(Clone, Copy)]
enum Grain {
    Second,
    /// HCL Notes has European clocks change at another hour of that night.
    Day,
}

impl Observances {
    /// Whether a zone keeps the same clock changes around the window.
    fn keeps(&self, zone: Tz, window: &Window) -> bool {
        are_of(&self.samples(around(window), Grain::Second), zone)
    }

    /// In which way the zone that was taken is another one, if it is.
    fn unlike(&self, zone: Tz, name: &str, window: &Window) -> Option<String> {
        let is_another_hour = || are_of(&self.samples(around(window), Grain::Day), zone);
        match () {
            () if self.keeps(zone, window) => None,
            () if is_another_hour() => Some(format!("{name} changes its clocks at another hour than {zone}")),
            () => Some(format!("{name} is defined with other clock changes than {zone} has")),
        }
    }

    /// The zone that keeps its changes: to the second, to the day, or at least as long as the window lasts, since many programs write the
    /// changes of one year only. Of several it is the preferred one, else a city that many know, else the first by name.
    fn same_as(&self, window: &Window, preferred: Tz) -> Option<Tz> {
        let cities =
            [Tz::UTC, Tz::Europe__Berlin, Tz::Europe__London, Tz::America__New_York, Tz::America__Chicago, Tz::America__Los_Angeles];
        let spans = [around(window), (window.from - TimeDelta::days(1), window.until + TimeDelta::days(1))];
        spans.into_iter().flat_map(|span| [(span, Grain::Second), (span, Grain::Day)]).find_map(|(span, grain)| {
            let samples = self.samples(span, grain);
            [preferred].into_iter().chain(cities).chain(TZ_VARIANTS.iter().copied()).find(|zone| are_of(&samples, *zone))
        })
    }

    /// Its offset at points of a span: at regular steps and on both sides of every change.
    fn samples(&self, (from, until): (DateTime<Utc>, DateTime<Utc>), grain: Grain) -> Vec<(DateTime<Utc>, i32)> {
        let steps = std::iter::successors(Some(from), |at| at.checked_add_signed(SAMPLES_APART)).take_while(|at| *at < until);
        let changes = self.changes(from.year(), until.year());
        let (before, after) = match grain {
            Grain::Second => (TimeDelta::seconds(1), TimeDelta::zero()),
            Grain::Day => (TimeDelta::days(1), TimeDelta::days(1)),
        };
        let is_clear = |at: &DateTime<Utc>| {
            let next = changes.partition_point(|(change, _)| *change + after <= *at);
            changes.get(next).is_none_or(|(change, _)| *at <= *change - before)
        };
        let beside = changes.iter().flat_map(|(at, _)| [*at - before, *at + after]).filter(|at| from <= *at && *at < until);
        let points: Vec<_> = steps.filter(is_clear).take(SAMPLES_MAX).chain(beside.take(SAMPLES_MAX)).collect();
        points.into_iter().map(|at| (at, self.offset_at(&changes, at))).collect()
    }
}

/// The window and a year before it, so that a zone is told by its changes.
fn around(window: &Window) -> (DateTime<Utc>, DateTime<Utc>) {
    (window.from - TimeDelta::days(370), window.until + TimeDelta::days(1))
}

fn are_of(samples: &[(DateTime<Utc>, i32)], zone: Tz) -> bool {
    samples.iter().all(|(at, offset)| offset_at(zone, *at) == *offset)
}
