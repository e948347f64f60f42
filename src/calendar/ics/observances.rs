//! A file's own time zone (RFC 5545 §3.6.5): its seasons, and from when to when each holds. Which zone that is, `zones` says.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use icalendar::parser;

use super::{
    property::{Fault, Properties, local_time},
    recurrence::{Start, dates},
    scan::{Component, Limits, Nested},
};

/// More changes than any zone has made in the years we look at.
const CHANGES_MAX: usize = 5_000;

/// STANDARD and DAYLIGHT times.
pub(super) struct Observances(Vec<Season>);

struct Season {
    /// By the clock that held before it.
    start: NaiveDateTime,
    from: i32,
    to: i32,
    rules: Vec<String>,
    more: Vec<NaiveDateTime>,
}

impl Observances {
    /// A VTIMEZONE with its TZID; none if it has no name.
    pub(super) fn read(component: &Component, file: &[u8], limits: &Limits) -> Option<(String, Result<Self, Fault>)> {
        let lines = component.lines(file, limits, Nested::Kept);
        let text = format!("BEGIN:VTIMEZONE\r\n{}\r\nEND:VTIMEZONE\r\n", lines.join("\r\n"));
        let parsed = parser::read_components(&text).unwrap_or_default();
        let [zone] = parsed.as_slice() else { return None };
        let name = Properties::of(zone).value("TZID").filter(|name| !name.is_empty())?.to_owned();
        let seasons: Option<Vec<Season>> = zone.components.iter().map(|part| season(&Properties::of(part))).collect();
        let read = match seasons {
            Some(seasons) if !seasons.is_empty() => Ok(Self(seasons)),
            _ => Err(Fault::UnreadTimezone(name.clone())),
        };
        Some((name, read))
    }

    /// Its changes of clocks from one year to another, both included, each with the offset it leads to.
    pub(super) fn changes(&self, first: i32, last: i32) -> Vec<(DateTime<Utc>, i32)> {
        let date = |year: i32| NaiveDate::from_ymd_opt(year, 1, 1).and_then(|date| date.and_hms_opt(0, 0, 0)).unwrap_or_default();
        let span = (date(first - 2), date(last + 2));
        let mut changes: Vec<_> = self.0.iter().flat_map(|season| season.onsets(span)).collect();
        changes.sort_unstable();
        changes
    }

    /// The offset from UTC in seconds at a time, given its changes.
    pub(super) fn offset_at(&self, changes: &[(DateTime<Utc>, i32)], at: DateTime<Utc>) -> i32 {
        let before = changes.partition_point(|(change, _)| *change <= at);
        let first = self.0.iter().min_by_key(|season| season.start);
        match before.checked_sub(1).and_then(|last| changes.get(last)) {
            Some((_, offset)) => *offset,
            None => first.map_or(0, |season| season.from),
        }
    }
}

impl Season {
    fn onsets(&self, span: (NaiveDateTime, NaiveDateTime)) -> Vec<(DateTime<Utc>, i32)> {
        let start = Start { local: self.start, zone: Tz::UTC, all_day: false };
        // A season that was given up holds from its last change on, however long ago.
        let ended = self.rules.iter().any(|rule| rule.to_ascii_uppercase().contains("UNTIL="));
        let span = if ended { (self.start, span.1) } else { span };
        let mut locals = dates(start, &self.rules, span, CHANGES_MAX, Tz::UTC).unwrap_or_default().locals;
        // One season that began long ago and never repeats still holds.
        locals.extend(self.more.iter().copied().chain([self.start]).filter(|local| *local < span.1));
        locals.into_iter().map(|local| ((local - chrono::TimeDelta::seconds(self.from.into())).and_utc(), self.to)).collect()
    }
}

fn season(properties: &Properties<'_>) -> Option<Season> {
    let local = |text: &str| local_time(text.trim().trim_end_matches(['Z', 'z']));
    let more = properties.all("RDATE").flat_map(|property| property.val.as_str().split(',')).filter_map(local);
    Some(Season {
        start: local(properties.value("DTSTART")?)?,
        from: seconds(properties.value("TZOFFSETFROM")?)?,
        to: seconds(properties.value("TZOFFSETTO")?)?,
        rules: properties.all("RRULE").map(|rule| rule.val.as_str().to_owned()).collect(),
        more: more.collect(),
    })
}

/// RFC 5545 §3.3.14: `+0100`, `-053000`; some write colons.
fn seconds(text: &str) -> Option<i32> {
    let text = text.replace(':', "");
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |digits| (-1, digits));
    let part = |range: std::ops::Range<usize>| digits.get(range).map_or(Some(0), |part| part.parse::<i32>().ok());
    let is_offset = matches!(digits.len(), 4 | 6) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_offset.then_some(sign * (part(0..2)? * 3600 + part(2..4)? * 60 + part(4..6)?)).filter(|seconds| seconds.abs() < 86_400)
}
