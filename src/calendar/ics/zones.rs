//! TZID to an IANA zone, or not at all: a zone is never guessed, and never UTC in silence.
//!
//! `icalendar` knows IANA names only. Here are also the names of CLDR for Windows, the paths that some programs put before a name, plain
//! offsets, and a file's own VTIMEZONE, which becomes the IANA zone that keeps the same clock changes around the window.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use windows_timezones::WindowsTimezone;

use super::{
    observances::Observances,
    property::Fault,
    scan::{Component, Limits},
};
use crate::calendar::Window;

/// How far apart a file's zone and an IANA zone are compared, besides at every change.
const SAMPLES_APART: TimeDelta = TimeDelta::days(5);
const SAMPLES_MAX: usize = 2_000;

/// The zones that one calendar may name.
pub(super) struct KnownZones {
    /// Those it defines itself, by TZID.
    own: HashMap<String, Result<Tz, Fault>>,
    pub(super) notes: Vec<String>,
}

impl KnownZones {
    /// The zones of a file with their VTIMEZONEs. `preferred` is taken first where several zones keep the same changes.
    pub(super) fn of(zones: &[Component], file: &[u8], limits: &Limits, window: &Window, preferred: Tz) -> Self {
        let mut known = Self { own: HashMap::new(), notes: Vec::new() };
        for component in zones {
            let Some((name, observances)) = Observances::read(component, file, limits) else { continue };
            let zone = observances.and_then(|own| {
                let zone = resolve(&name, &own, window, preferred)?;
                if !own.keeps(zone, window) {
                    known.notes.push(format!(
                        "line {}: {name} is defined with other clock changes than {zone} has; the latter count",
                        component.line
                    ));
                }
                Ok(zone)
            });
            known.own.insert(name, zone);
        }
        known
    }

    /// The zone that a TZID names.
    pub(super) fn zone(&self, name: &str) -> Result<Tz, Fault> {
        if let Some(own) = self.own.get(name) {
            return own.clone();
        }
        named(name).or_else(|| offset(name)).ok_or_else(|| Fault::UnknownTimezone(name.to_owned()))
    }
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

/// A zone by name: of IANA in any case, below a path, or of Windows.
pub(crate) fn named(name: &str) -> Option<Tz> {
    let name = name.trim().trim_matches('"');
    let iana =
        |name: &str| name.parse::<Tz>().ok().or_else(|| TZ_VARIANTS.iter().copied().find(|zone| zone.name().eq_ignore_ascii_case(name)));
    if let Some(zone) = iana(name).or_else(|| windows(name)) {
        return Some(zone);
    }
    // "/mozilla.org/20050126_1/Europe/Berlin", "/freeassociation.sourceforge.net/America/Argentina/Salta"
    let parts: Vec<&str> = name.strip_prefix('/')?.split('/').collect();
    [3, 2, 1].iter().filter_map(|count| parts.len().checked_sub(*count)).find_map(|from| iana(&parts[from..].join("/")))
}

fn windows(name: &str) -> Option<Tz> {
    if matches!(name.to_ascii_lowercase().as_str(), "z" | "coordinated universal time" | "tzone://microsoft/utc") {
        return Some(Tz::UTC);
    }
    name.parse::<WindowsTimezone>().ok().map(Tz::from)
}

/// `UTC+2`, `GMT-03:30`: a clock that never changes.
fn offset(name: &str) -> Option<Tz> {
    let name = name.trim().trim_matches(['"', '(', ')']).to_ascii_uppercase();
    let rest = name.strip_prefix("UTC").or_else(|| name.strip_prefix("GMT"))?;
    let (sign, digits) = rest.strip_prefix('+').map(|digits| (1, digits)).or_else(|| rest.strip_prefix('-').map(|digits| (-1, digits)))?;
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() > 2 => digits.split_at(digits.len() - 2),
        None => (digits, "0"),
    };
    let seconds = sign * (hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60);
    fixed(seconds)
}

/// A zone that always keeps an offset.
fn fixed(seconds: i32) -> Option<Tz> {
    let at = |year: i32, month: u32| Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).single();
    let keeps = |zone: &&Tz| {
        let years = [2000, 2010, 2020, 2030].into_iter().flat_map(|year| [at(year, 1), at(year, 7)]).flatten();
        years.into_iter().all(|at| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc() == seconds)
    };
    let etc = TZ_VARIANTS.iter().filter(|zone| zone.name().starts_with("Etc/"));
    etc.chain(TZ_VARIANTS.iter()).find(keeps).copied()
}

impl Observances {
    /// Whether a zone keeps the same clock changes around the window.
    fn keeps(&self, zone: Tz, window: &Window) -> bool {
        self.samples(window).iter().all(|(at, offset)| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc() == *offset)
    }

    /// The zone that does: the preferred one, else a city that many know, else the first by name.
    fn same_as(&self, window: &Window, preferred: Tz) -> Option<Tz> {
        let samples = self.samples(window);
        let keeps = |zone: &Tz| {
            samples.iter().all(|(at, offset)| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc() == *offset)
        };
        let cities =
            [Tz::UTC, Tz::Europe__Berlin, Tz::Europe__London, Tz::America__New_York, Tz::America__Chicago, Tz::America__Los_Angeles];
        [preferred].into_iter().chain(cities).chain(TZ_VARIANTS.iter().copied()).find(keeps)
    }

    /// Its offset at points around the window: at regular steps and on both sides of every change.
    fn samples(&self, window: &Window) -> Vec<(DateTime<Utc>, i32)> {
        let (from, until) = (window.from - TimeDelta::days(370), window.until + TimeDelta::days(1));
        let steps = std::iter::successors(Some(from), |at| at.checked_add_signed(SAMPLES_APART)).take_while(|at| *at < until);
        let changes = self.changes(from.year(), until.year());
        let beside = changes.iter().flat_map(|(at, _)| [*at - TimeDelta::seconds(1), *at]).filter(|at| from <= *at && *at < until);
        let points = steps.take(SAMPLES_MAX).chain(beside.take(SAMPLES_MAX)).collect::<Vec<_>>();
        points.into_iter().map(|at| (at, self.offset_at(&changes, at))).collect()
    }
}
