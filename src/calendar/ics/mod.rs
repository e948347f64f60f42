//! iCalendar files (RFC 5545): bytes in, occurrences of a window out. No I/O, no clock.
//!
//! `icalendar` parses and `rrule` walks; the shim around them covers what they do not: [`scan`] (nesting aborts, one bad line loses the
//! file), [`property`] (zones), [`recurrence`] (UNTIL, clock changes, endless rules), and the merge of overrides here.

mod event;
mod property;
mod recurrence;
mod scan;
mod series;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono_tz::Tz;

pub(crate) use self::scan::{Limits, Refused};
use self::{
    event::Parsed,
    property::{Fault, known_zone, with_properties},
    scan::{Component, Scanned},
};
use crate::{
    calendar::{Answer, Broken, Window},
    model::ids,
};

/// Reads the occurrences of a file that overlap a window. Floating times and all-day dates are those of `zone`, unless the file names a
/// zone of its own (X-WR-TIMEZONE).
///
/// # Errors
/// When the file as a whole is not a calendar that can be read; nothing may be concluded from it.
pub(crate) fn read(bytes: &[u8], window: &Window, zone: Tz, limits: &Limits) -> Result<Answer, Refused> {
    let scanned = scan::scan(bytes, limits)?;
    let floating = header(&scanned, "X-WR-TIMEZONE").and_then(|name| known_zone(&name).ok()).unwrap_or(zone);
    let mut answer = Answer { notes: scanned.notes.clone(), ..Answer::default() };
    let mut series: BTreeMap<String, Vec<(usize, Parsed)>> = BTreeMap::new();
    for component in &scanned.events {
        match with_properties(component, |properties| Parsed::from(properties, floating)) {
            Ok(parsed) => series.entry(key(&parsed, component)).or_default().push((component.line, parsed)),
            Err(fault) => answer.broken.push(broken(component, &fault)),
        }
    }
    for (uid, parsed) in series {
        let line = parsed.first().map_or(0, |(line, _)| *line);
        if let Err(fault) = series::expand(&uid, parsed, window, floating, limits, &mut answer) {
            answer.broken.push(told(uid.clone(), Some(uid), line, &fault));
        }
    }
    answer.facts.sort_by(|a, b| (a.span.moment(), &a.provider_id).cmp(&(b.span.moment(), &b.provider_id)));
    answer.broken.sort_by_key(|broken| broken.line);
    Ok(answer)
}

/// An event without UID is known by its content; a changed one is then another event.
fn key(parsed: &Parsed, component: &Component) -> String {
    parsed.uid.clone().unwrap_or_else(|| content_key(component))
}

fn content_key(component: &Component) -> String {
    // DTSTAMP is when the file was made, and not part of what it says.
    let lines: Vec<_> =
        component.lines.iter().filter(|line| !line.to_ascii_uppercase().starts_with("DTSTAMP")).map(String::as_str).collect();
    ids::derived(uuid::Uuid::nil(), &lines.join("\n")).to_string()
}

fn broken(component: &Component, fault: &Fault) -> Broken {
    let uid = component
        .lines
        .iter()
        .find_map(|line| line.get(..4).filter(|head| head.eq_ignore_ascii_case("UID:")).map(|_| line[4..].trim().to_owned()));
    told(uid.clone().unwrap_or_else(|| content_key(component)), uid, component.line, fault)
}

fn told(key: String, uid: Option<String>, line: usize, fault: &Fault) -> Broken {
    let reason = match fault {
        Fault::Bad(_) => "bad-event",
        Fault::UnknownTimezone(_) => "unknown-timezone",
    };
    Broken { key, uid, line, reason, message: format!("line {line}: {fault}") }
}

fn header(scanned: &Scanned, name: &str) -> Option<String> {
    let value = |line: &String| {
        let (head, value) = line.split_once(':')?;
        let head = head.split(';').next()?;
        head.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    scanned.header.iter().find_map(value).filter(|value| !value.is_empty())
}
