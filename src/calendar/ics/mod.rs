//! iCalendar files (RFC 5545): bytes in, occurrences of a window out. No I/O, no clock.
//!
//! `icalendar` parses and `rrule` walks; the shim around them covers what they do not: [`scan`] (nesting aborts, one bad line loses the
//! file), [`zones`] and [`observances`] (every zone that is no IANA name), [`recurrence`] (UNTIL, clock changes, endless rules), and
//! [`series`] (overrides).

mod event;
mod observances;
mod property;
mod recurrence;
mod scan;
mod series;
mod zones;

#[cfg(test)]
mod series_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod zone_tests;

use std::collections::BTreeMap;

use chrono_tz::Tz;

use self::{
    event::Parsed,
    property::{Fault, with_properties},
    scan::{Calendar, Component, Nested},
    zones::KnownZones,
};
pub(crate) use self::{
    scan::{Limits, Refused},
    zones::named,
};
use crate::{
    calendar::{Answer, Broken, Window},
    model::{event::EventStatus, ids},
};

/// Reads the occurrences of a file that overlap a window. Floating times and all-day dates are those of `zone`, unless the file names a
/// zone of its own (X-WR-TIMEZONE).
///
/// # Errors
/// When the file as a whole is not a calendar that can be read; nothing may be concluded from it.
pub(crate) fn read(bytes: &[u8], window: &Window, zone: Tz, limits: &Limits) -> Result<Answer, Refused> {
    let scanned = scan::scan(bytes, limits)?;
    let mut answer = Answer { notes: scanned.notes, ..Answer::default() };
    for calendar in &scanned.calendars {
        one(calendar, bytes, window, zone, limits, &mut answer);
    }
    answer.facts.sort_by(|a, b| (a.span.moment(), &a.provider_id).cmp(&(b.span.moment(), &b.provider_id)));
    answer.broken.sort_by_key(|broken| broken.line);
    Ok(answer)
}

fn one(calendar: &Calendar, bytes: &[u8], window: &Window, zone: Tz, limits: &Limits, answer: &mut Answer) {
    let floating = header(calendar, "X-WR-TIMEZONE").and_then(|name| named(&name)).unwrap_or(zone);
    let called_off = header(calendar, "METHOD").is_some_and(|method| method.eq_ignore_ascii_case("CANCEL"));
    let zones = KnownZones::of(&calendar.zones, bytes, limits, window, floating);
    answer.notes.extend(zones.notes.iter().cloned());
    let mut series: BTreeMap<String, Vec<(usize, Parsed)>> = BTreeMap::new();
    for component in &calendar.events {
        let lines = component.lines(bytes, limits, Nested::LeftOut);
        match parsed(component, &lines, &zones, floating) {
            Ok(mut parsed) => {
                // RFC 5546 §3.2.5: a file of this kind calls off what it names.
                if called_off {
                    parsed.status = EventStatus::Cancelled;
                }
                let key = parsed.uid.clone().unwrap_or_else(|| content_key(&lines));
                // Most have one component, and a vector takes room for four.
                series.entry(key).or_insert_with(|| Vec::with_capacity(1)).push((component.line, parsed));
            }
            Err(fault) => answer.broken.push(broken(component, &lines, &fault)),
        }
    }
    for (uid, parsed) in series {
        let line = parsed.first().map_or(0, |(line, _)| *line);
        if let Err(fault) = series::expand(&uid, parsed, window, floating, limits, answer) {
            answer.broken.push(told(uid.clone(), Some(uid), line, &fault));
        }
    }
}

fn parsed(component: &Component, lines: &[String], zones: &KnownZones, floating: Tz) -> Result<Parsed, Fault> {
    match component.odd {
        Some((line, oddity)) => property::bad(format!("line {line} {oddity}")),
        None => with_properties(lines, zones, |properties| Parsed::from(properties, floating)),
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

fn broken(component: &Component, lines: &[String], fault: &Fault) -> Broken {
    let uid =
        lines.iter().find_map(|line| line.get(..4).filter(|head| head.eq_ignore_ascii_case("UID:")).map(|_| line[4..].trim().to_owned()));
    told(uid.clone().unwrap_or_else(|| content_key(lines)), uid, component.line, fault)
}

fn told(key: String, uid: Option<String>, line: usize, fault: &Fault) -> Broken {
    let reason = match fault {
        Fault::Bad(_) => "bad-event",
        Fault::UnknownTimezone(_) | Fault::OddTimezone(_) => "unknown-timezone",
    };
    Broken { key, uid, line, reason, message: format!("line {line}: {fault}") }
}

fn header(calendar: &Calendar, name: &str) -> Option<String> {
    let value = |line: &String| {
        let (head, value) = line.split_once(':')?;
        let head = head.split(';').next()?;
        head.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    calendar.header.iter().find_map(value).filter(|value| !value.is_empty())
}
