//! Lines of an event before they are parsed: which are read at all, and those with parameters put into the form of RFC 5545 §3.1.
//!
//! `icalendar` refuses a component for any line that is not of that form, and calendars show it all the same: what is not read must not
//! cost an event, and what is read is read as other programs read it.

use std::borrow::Cow;

/// What is read of an event; `Properties` checks that nothing else is asked for.
const READ: &[&str] = &[
    "ATTENDEE",
    "CATEGORIES",
    "CLASS",
    "COLOR",
    "CONFERENCE",
    "DESCRIPTION",
    "DTEND",
    "DTSTAMP",
    "DTSTART",
    "DURATION",
    "EXDATE",
    "EXRULE",
    "LAST-MODIFIED",
    "LOCATION",
    "ORGANIZER",
    "RDATE",
    "RECURRENCE-ID",
    "RRULE",
    "SEQUENCE",
    "STATUS",
    "SUMMARY",
    "TRANSP",
    "UID",
    "X-GOOGLE-CONFERENCE",
    "X-MICROSOFT-CDO-ALLDAYEVENT",
    "X-MICROSOFT-CDO-BUSYSTATUS",
    "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT",
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
];

/// Whose values have no colon, so that the last one ends the parameters.
const DATES: &[&str] = &["DTEND", "DTSTART", "EXDATE", "RDATE", "RECURRENCE-ID"];

/// Without which an event would be another one.
const TIMES: &[&str] = &["DTEND", "DTSTART", "DURATION", "EXDATE", "RDATE", "RECURRENCE-ID", "RRULE"];

const PEOPLE: &[&str] = &["ATTENDEE", "ORGANIZER"];

/// The name of a line's property, or what stands in its place.
pub(super) fn name(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|byte| matches!(byte, b':' | b';')).unwrap_or(line.len());
    line[..end].trim_ascii()
}

pub(super) fn is(line: &[u8], names: &[&str]) -> bool {
    let name = name(line);
    names.iter().any(|one| name.eq_ignore_ascii_case(one.as_bytes()))
}

pub(super) fn is_read(line: &[u8]) -> bool {
    is(line, READ)
}

/// Whether a line begins to say when, and does not say it.
pub(super) fn says_no_time(line: &str) -> bool {
    let begins = |name: &&str| line.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
    !line.contains(':') && TIMES.iter().any(begins)
}

/// A line that is read, in the form that any parser takes.
pub(super) fn in_form(line: &str) -> Cow<'_, str> {
    let end = line.find([':', ';']).unwrap_or(line.len());
    let (name, rest) = (line[..end].trim(), &line[end..]);
    let Some(rest) = rest.strip_prefix(';') else {
        return if name.len() == end && !rest.is_empty() { line.into() } else { format!("{name}:{}", rest.trim_start_matches(':')).into() };
    };
    let Some(colon) = value_at(name.as_bytes(), rest) else { return format!("{name}:").into() };
    let mut out = name.to_owned();
    for (key, value) in parameters(&rest[..colon]) {
        out.extend([";", key, "=\"", value.as_str(), "\""]);
    }
    out.push_str(&rest[colon..]);
    out.into()
}

/// Where the parameters end, although names and zones in them have colons.
fn value_at(name: &[u8], rest: &str) -> Option<usize> {
    let mailto = || rest.to_ascii_lowercase().find(":mailto:");
    match () {
        () if is(name, DATES) => rest.rfind(':'),
        () if is(name, PEOPLE) => mailto().or_else(|| outside_quotes(rest, b':').first().copied()),
        () => outside_quotes(rest, b':').first().copied().or_else(|| rest.rfind(':')),
    }
}

/// The parameters that have a value, without its quotes and with none inside it.
fn parameters(text: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    let mut from = 0;
    for cut in outside_quotes(text, b';').into_iter().chain([text.len()]) {
        let part = &text[from..cut];
        from = cut + 1;
        let is_key = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        match (part.split_once('='), found.last_mut()) {
            (Some((key, value)), _) if is_key(key.trim()) => found.push((key.trim(), plain(value))),
            // A semicolon inside a value, as in a name or an address.
            (None, Some((_, value))) if !is_key(part) => value.extend([";", plain(part).as_str()]),
            _ => {}
        }
    }
    found.retain(|(_, value)| !value.trim().is_empty());
    found
}

fn plain(value: &str) -> String {
    let value = value.strip_prefix('"').map_or(value, |value| value.strip_suffix('"').unwrap_or(value));
    value.replace('"', "'")
}

/// Where a character stands outside of quotes. One opens behind `=` or `,` and closes before what separates; others are text.
fn outside_quotes(text: &str, stop: u8) -> Vec<usize> {
    let (bytes, mut found, mut at, mut is_closed) = (text.as_bytes(), Vec::new(), 0, true);
    while at < bytes.len() {
        let opens = bytes[at] == b'"' && at > 0 && matches!(bytes[at - 1], b'=' | b',');
        let ends = |end: &usize| bytes[*end] == b'"' && bytes.get(end + 1).is_none_or(|next| matches!(next, b';' | b':' | b','));
        let end = if opens && is_closed { (at + 1..bytes.len()).find(ends) } else { None };
        // Where one is never closed, none behind it is.
        is_closed &= !opens || end.is_some();
        if bytes[at] == stop {
            found.push(at);
        }
        at = end.unwrap_or(at) + 1;
    }
    found
}
