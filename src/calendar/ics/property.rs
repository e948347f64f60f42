//! One component as properties: parsed by `icalendar`, read here by name. Dates and text get their types here; meaning is given in `event`.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use icalendar::parser::{Component, Property};
use unicode_normalization::UnicodeNormalization;

use super::{line, zones::KnownZones};

/// Why one event cannot be read. The others of its file live.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Bad(String),
    #[error("the time zone `{0}` is not one we know; nothing was guessed")]
    UnknownTimezone(String),
    #[error("the time zone `{0}` is defined in this file, but no zone we know keeps its changes of clocks; nothing was guessed")]
    OddTimezone(String),
    #[error("the time zone `{0}` is defined in this file, but not so that it can be read; nothing was guessed")]
    UnreadTimezone(String),
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

/// One date of RDATE, with its own end where it is a PERIOD (RFC 5545 §3.3.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) start: Written,
    pub(super) end: Option<PeriodEnd>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PeriodEnd {
    At(Written),
    /// A duration, as written.
    After(String),
}

/// Hands the properties of a VEVENT's lines to `read`.
pub(super) fn with_properties<T>(
    lines: &[String],
    zones: &KnownZones,
    read: impl FnOnce(&Properties<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    if let Some(line) = lines.iter().find(|line| line::says_no_time(line)) {
        return bad(format!("its {} is not of the form NAME:value", clipped(&String::from_utf8_lossy(line::name(line.as_bytes())))));
    }
    let lines: Vec<_> = lines.iter().filter(|line| line::is_read(line.as_bytes())).map(|line| line::in_form(line)).collect();
    let properties: Vec<_> = lines.iter().filter_map(|line| Property::try_from(line.as_ref()).ok()).collect();
    read(&Properties { properties: &properties, zones: Some(zones) })
}

/// The properties of one component. Names are matched in any case (RFC 5545 §2).
pub(super) struct Properties<'a> {
    properties: &'a [Property<'a>],
    zones: Option<&'a KnownZones>,
}

impl<'a> Properties<'a> {
    /// Of a component in which no zone is named.
    pub(super) fn of(component: &'a Component<'a>) -> Self {
        Self { properties: &component.properties, zones: None }
    }

    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = &'a Property<'a>> {
        debug_assert!(self.zones.is_none() || line::is_read(name.as_bytes()), "{name} is not in the list of what is read");
        self.properties.iter().filter(move |property| property.name.as_str().eq_ignore_ascii_case(name))
    }

    pub(super) fn one(&self, name: &'static str) -> Option<&'a Property<'a>> {
        self.all(name).next()
    }

    /// The bare value, trimmed.
    pub(super) fn value(&self, name: &'static str) -> Option<&'a str> {
        self.one(name).map(|property| property.val.as_str().trim())
    }

    /// A TEXT value as NFC, so that rules may compare it; `icalendar` has undone its escapes (but not those of lists, whose commas still
    /// matter).
    pub(super) fn text(&self, name: &'static str) -> String {
        composed(self.value(name).unwrap_or_default())
    }

    /// The dates of every line of this name, lists taken apart.
    pub(super) fn moments(&self, name: &'static str) -> Result<Vec<Written>, Fault> {
        let values = self.all(name).flat_map(|property| property.val.as_str().split(',').map(move |value| (property, value)));
        values.filter(|(_, value)| !value.trim().is_empty()).map(|(property, value)| self.written(property, value)).collect()
    }

    /// The dates and periods of RDATE.
    pub(super) fn added(&self) -> Result<Vec<Added>, Fault> {
        let values = self.all("RDATE").flat_map(|property| property.val.as_str().split(',').map(move |value| (property, value.trim())));
        values.filter(|(_, value)| !value.is_empty()).map(|(property, value)| self.period(property, value)).collect()
    }

    fn period(&self, property: &Property<'_>, value: &str) -> Result<Added, Fault> {
        let Some((start, end)) = value.split_once('/') else { return Ok(Added { start: self.written(property, value)?, end: None }) };
        let is_duration = end.trim_start_matches(['+', '-']).starts_with(['P', 'p']);
        let end = if is_duration { PeriodEnd::After(end.to_owned()) } else { PeriodEnd::At(self.written(property, end)?) };
        Ok(Added { start: self.written(property, start)?, end: Some(end) })
    }

    /// A property that may stand once. Where it stands twice and says two things, neither is guessed.
    pub(super) fn moment(&self, name: &'static str) -> Result<Option<Written>, Fault> {
        let mut read = self.all(name).map(|property| self.written(property, property.val.as_str()));
        let Some(first) = read.next().transpose()? else { return Ok(None) };
        if read.any(|other| other.as_ref() != Ok(&first)) {
            return bad(format!("it has two {name} that differ"));
        }
        Ok(Some(first))
    }

    fn written(&self, property: &Property<'_>, value: &str) -> Result<Written, Fault> {
        let value = value.trim();
        let name = property.name.as_str();
        if let Some(date) = local_date(value) {
            return Ok(Written::Date(date));
        }
        let (digits, utc) = value.strip_suffix(['Z', 'z']).map_or((value, false), |digits| (digits, true));
        let Some(local) = local_time(digits) else { return bad(format!("{name} `{}` is not a date or time", clipped(value))) };
        let is_named = property.params.iter().any(|parameter| parameter.key.as_str().eq_ignore_ascii_case("TZID"));
        let zone = parameter(property, "TZID").or(is_named.then_some(""));
        match (utc, zone) {
            (true, _) => Ok(Written::Utc(local)),
            (false, None) => Ok(Written::Local(local, None)),
            (false, Some(zone)) => match self.zones {
                Some(zones) => Ok(Written::Local(local, Some(zones.zone(zone)?))),
                None => Err(Fault::UnknownTimezone(zone.to_owned())),
            },
        }
    }
}

/// Enough of a value to find it again.
fn clipped(value: &str) -> String {
    value.chars().take(40).collect()
}

pub(super) fn composed(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { text.nfc().collect() }
}

/// A parameter's value without quotes.
pub(super) fn parameter<'a>(property: &'a Property<'_>, name: &str) -> Option<&'a str> {
    let found = property.params.iter().find(|parameter| parameter.key.as_str().eq_ignore_ascii_case(name))?;
    found.val.as_ref().map(|value| value.as_str().trim().trim_matches('"'))
}

fn local_date(digits: &str) -> Option<NaiveDate> {
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
    let is_date = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let year = i32::try_from(part(0..4).filter(|_| is_date)?).ok()?;
    NaiveDate::from_ymd_opt(year, part(4..6)?, part(6..8)?)
}

/// RFC 5545 §3.3.12 allows second 60, which no calendar of ours has: it counts as 59.
pub(super) fn local_time(digits: &str) -> Option<NaiveDateTime> {
    let (date, time) = digits.split_once(['T', 't'])?;
    let is_time = matches!(time.len(), 4 | 6) && time.bytes().all(|byte| byte.is_ascii_digit());
    let part = |range: std::ops::Range<usize>| time.get(range).map_or(Some(0), |part| part.parse::<u32>().ok());
    let time = NaiveTime::from_hms_opt(part(0..2).filter(|_| is_time)?, part(2..4)?, part(4..6)?.min(59))?;
    Some(local_date(date)?.and_time(time))
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
    parts.iter().map(|part| composed(&unescape(part.trim()))).filter(|part| !part.is_empty()).collect()
}
