//! One VEVENT as properties: parsed by `icalendar`, read here by name. Dates and text get their types here; meaning is given in `event`.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use icalendar::parser::{Component, Property, read_components};

use super::scan;

/// Why one event cannot be read. The others of its file live.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Bad(String),
    #[error("the time zone `{0}` is not one we know; nothing was guessed")]
    UnknownTimezone(String),
}

pub(super) fn bad<T>(message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Bad(message.into()))
}

/// A date or time as written, before any zone is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Date(NaiveDate),
    /// With the zone it names; none for floating time.
    Local(NaiveDateTime, Option<Tz>),
    Utc(NaiveDateTime),
}

/// Hands the properties of one component to `read`.
pub(super) fn with_properties<T>(component: &scan::Component, read: impl FnOnce(&Properties<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    if let Some(line) = component.too_long {
        return bad(format!("line {line} is longer than we read"));
    }
    if component.lines.iter().any(|line| !line.contains(':')) {
        return bad("a line of this event is not a property of the form NAME:value");
    }
    let text = format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", component.lines.join("\r\n"));
    match read_components(&text).as_deref() {
        Ok([parsed]) => read(&Properties(parsed)),
        _ => bad("a line of this event is not a property of the form NAME:value"),
    }
}

/// The properties of one event. Names are matched in any case (RFC 5545 §2).
pub(super) struct Properties<'a>(&'a Component<'a>);

impl<'a> Properties<'a> {
    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = &'a Property<'a>> {
        self.0.properties.iter().filter(move |property| property.name.as_str().eq_ignore_ascii_case(name))
    }

    pub(super) fn one(&self, name: &'static str) -> Option<&'a Property<'a>> {
        self.all(name).next()
    }

    /// The bare value, trimmed.
    pub(super) fn value(&self, name: &'static str) -> Option<&'a str> {
        self.one(name).map(|property| property.val.as_str().trim())
    }

    /// A TEXT value; `icalendar` has undone its escapes (but not those of lists, whose commas still matter).
    pub(super) fn text(&self, name: &'static str) -> String {
        self.value(name).unwrap_or_default().to_owned()
    }

    /// The dates of every line of this name, lists taken apart.
    pub(super) fn moments(&self, name: &'static str) -> Result<Vec<Written>, Fault> {
        self.all(name).flat_map(|property| property.val.as_str().split(',').map(|value| written(property, value))).collect()
    }

    pub(super) fn moment(&self, name: &'static str) -> Result<Option<Written>, Fault> {
        self.one(name).map(|property| written(property, property.val.as_str())).transpose()
    }
}

/// A parameter's value without quotes.
pub(super) fn parameter<'a>(property: &'a Property<'_>, name: &str) -> Option<&'a str> {
    let found = property.params.iter().find(|parameter| parameter.key.as_str().eq_ignore_ascii_case(name))?;
    found.val.as_ref().map(|value| value.as_str().trim().trim_matches('"'))
}

fn written(property: &Property<'_>, value: &str) -> Result<Written, Fault> {
    let value = value.trim();
    let name = property.name.as_str();
    if let Ok(date) = NaiveDate::parse_from_str(value, "%Y%m%d") {
        return if value.len() == 8 { Ok(Written::Date(date)) } else { bad(format!("{name} `{value}` is not a date")) };
    }
    if value.contains('/') {
        return bad(format!("{name} gives a period, which is not supported yet"));
    }
    let (digits, utc) = value.strip_suffix(['Z', 'z']).map_or((value, false), |digits| (digits, true));
    let Some(local) = local_time(digits) else { return bad(format!("{name} `{value}` is not a date or time")) };
    match (utc, parameter(property, "TZID")) {
        (true, _) => Ok(Written::Utc(local)),
        (false, None) => Ok(Written::Local(local, None)),
        (false, Some(zone)) => Ok(Written::Local(local, Some(known_zone(zone)?))),
    }
}

/// RFC 5545 §3.3.12 allows second 60, which no calendar of ours has: it counts as 59.
fn local_time(digits: &str) -> Option<NaiveDateTime> {
    let (date, time) = digits.split_once(['T', 't'])?;
    let date = NaiveDate::parse_from_str(date, "%Y%m%d").ok().filter(|_| date.len() == 8)?;
    let part = |range: std::ops::Range<usize>| time.get(range)?.parse::<u32>().ok();
    let seconds = if time.len() == 4 { 0 } else { part(4..6).filter(|_| time.len() == 6)? };
    Some(date.and_time(NaiveTime::from_hms_opt(part(0..2)?, part(2..4)?, seconds.min(59))?))
}

/// IANA names, with the prefixes some programs put before them.
pub(super) fn known_zone(name: &str) -> Result<Tz, Fault> {
    let tail = |rest: &str| rest.splitn(3, '/').nth(2).unwrap_or(rest).to_owned();
    let stripped = name.strip_prefix('/').map_or_else(|| name.to_owned(), tail);
    name.parse().or_else(|_| stripped.parse()).map_err(|_| Fault::UnknownTimezone(name.to_owned()))
}

/// Undoes RFC 5545 §3.3.11 escapes.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match if char == '\\' { chars.next() } else { None } {
            Some('n' | 'N') => out.push('\n'),
            Some(escaped) => out.push(escaped),
            None => out.push(char),
        }
    }
    out
}

/// Splits a list of TEXT values at commas that are not escaped.
pub(super) fn list(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for char in text.chars() {
        match char {
            ',' if !escaped => parts.push(String::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.push(char)),
        }
        escaped = char == '\\' && !escaped;
    }
    parts.iter().map(|part| unescape(part.trim())).filter(|part| !part.is_empty()).collect()
}
