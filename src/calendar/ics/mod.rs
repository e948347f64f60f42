//! iCalendar files (RFC 5545): bytes in, occurrences of a window out. No I/O, no clock.
//!
//! `icalendar` parses and `rrule` walks; the shim around them covers what they do not: [`scan`] (nesting aborts, one bad line loses the
//! file), [`mod@line`] (one bad line loses its event), [`zones`], [`zone_names`] and [`observances`] (every zone that is no IANA name),
//! [`recurrence`] (UNTIL, clock changes, endless rules), [`series`] (overrides), [`unread`] (what cannot be read and still has its place),
//! and [`reach`] (what cannot be read and lies elsewhere).

mod charset;
mod event;
mod line;
mod observances;
mod people;
mod property;
mod reach;
mod recurrence;
mod scan;
mod series;
mod unread;
mod zone_names;
mod zones;

#[cfg(test)]
mod length_tests;
#[cfg(test)]
mod line_tests;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod series_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unread_tests;
#[cfg(test)]
mod zone_tests;

use std::{collections::BTreeMap, sync::Arc};

use self::{
    event::Parsed,
    property::{Fault, with_properties},
    scan::{Calendar, Component, Nested},
    unread::Lost,
    zones::KnownZones,
};
pub(crate) use self::{
    scan::{GZIP, Limits, Refused},
    zone_names::named,
};
use crate::{
    calendar::{Answer, Window},
    model::{day::Zones, event::EventStatus, ids},
};

/// Reads the occurrences of a file that overlap a window. Floating times and all-day dates are those of `zones`, unless the file names a
/// zone of its own (X-WR-TIMEZONE).
///
/// # Errors
/// When the file as a whole is not a calendar that can be read; nothing may be concluded from it.
pub(crate) fn read(bytes: &[u8], window: &Window, zones: &Zones, limits: &Limits) -> Result<Answer, Refused> {
    let scanned = scan::scan(bytes, limits)?;
    let mut answer = Answer { notes: scanned.notes, ..Answer::default() };
    let mut series: BTreeMap<String, Components> = BTreeMap::new();
    for calendar in &scanned.calendars {
        gather(calendar, bytes, window, zones, limits, &mut series, &mut answer.notes);
    }
    for (uid, components) in series {
        series::expand(&uid, components, window, limits, &mut answer);
    }
    answer.facts.sort_by(|a, b| (a.span.moment(), &a.provider_id).cmp(&(b.span.moment(), &b.provider_id)));
    answer.broken.sort_by_key(|broken| broken.line);
    Ok(answer)
}

/// What shares a UID, wherever in a file it stands: some programs write each component into a VCALENDAR of its own.
#[derive(Default)]
struct Components {
    read: Vec<(usize, Parsed)>,
    lost: Vec<Lost>,
}

/// Adds the components of one VCALENDAR, whose zones are its own.
fn gather(
    calendar: &Calendar,
    bytes: &[u8],
    window: &Window,
    zones: &Zones,
    limits: &Limits,
    series: &mut BTreeMap<String, Components>,
    notes: &mut Vec<String>,
) {
    let clocks = header(calendar, "X-WR-TIMEZONE").and_then(|name| named(&name)).map_or_else(|| zones.clone(), Zones::only);
    let (clocks, floating) = (Arc::new(clocks.clone()), clocks.on(clocks.date_of(window.until)));
    let called_off = header(calendar, "METHOD").is_some_and(|method| method.eq_ignore_ascii_case("CANCEL"));
    let zones = KnownZones::of(&calendar.zones, bytes, limits, window, floating);
    notes.extend(zones.notes.iter().cloned());
    let file = calendar.events.first().map_or(0, |first| first.line);
    for component in &calendar.events {
        let lines = component.lines(bytes, limits, Nested::LeftOut);
        match parsed(component, &lines, &zones, &clocks) {
            Ok(mut parsed) => {
                parsed.file = file;
                // RFC 5546 §3.2.5: a file of this kind calls off what it names.
                if called_off {
                    parsed.status = EventStatus::Cancelled;
                }
                let key = parsed.uid.clone().unwrap_or_else(|| content_key(&lines));
                let read = &mut series.entry(key).or_default().read;
                // Most have one component, and a vector takes room for four.
                read.reserve_exact(1);
                read.push((component.line, parsed));
            }
            Err(fault) => {
                // Where the oddity stands, where it is one.
                let line = component.odd.map_or(component.line, |(line, _)| line);
                let lost = Lost::from(line, &lines, &zones, floating, fault);
                series.entry(lost.uid.clone().unwrap_or_else(|| content_key(&lines))).or_default().lost.push(lost);
            }
        }
    }
}

fn parsed(component: &Component, lines: &[String], zones: &KnownZones, clocks: &Arc<Zones>) -> Result<Parsed, Fault> {
    match component.odd {
        Some((_, oddity)) => property::bad(format!("this line {oddity}")),
        None => with_properties(lines, zones, |properties| Parsed::from(properties, clocks)),
    }
}

/// An event without UID is known by its content; a changed one is then another event.
fn content_key(lines: &[String]) -> String {
    // When the file was made, and which version it is, are not part of what it says.
    let is_content = |line: &&str| {
        let name = line.split([':', ';']).next().unwrap_or_default().to_ascii_uppercase();
        !["DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE"].contains(&name.as_str())
    };
    let mut lines: Vec<_> = lines.iter().map(String::as_str).filter(is_content).collect();
    lines.sort_unstable();
    ids::derived(uuid::Uuid::nil(), &lines.join("\n")).to_string()
}

/// The series a UID belongs to. "This and following" splits a series, and Google names the later part `…_R20260302T090000@google.com`:
/// to the people in it, it is the same.
pub(crate) fn series_of(uid: &str) -> String {
    let Some((local, domain)) = uid.rsplit_once('@') else { return uid.to_owned() };
    match local.rsplit_once("_R") {
        Some((head, digits)) if digits.len() >= 8 && digits.chars().all(|char| char.is_ascii_digit() || char == 'T') => {
            format!("{head}@{domain}")
        }
        _ => uid.to_owned(),
    }
}

fn header(calendar: &Calendar, name: &str) -> Option<String> {
    let value = |line: &String| {
        let (head, value) = line.split_once(':')?;
        let head = head.split(';').next()?;
        head.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    calendar.header.iter().find_map(value).filter(|value| !value.is_empty())
}
