//! The dates of a series, by `rrule`, inside a window and in bounded steps.
//!
//! The rule is walked in local time (handed to `rrule` as if it were UTC) and each date then becomes an instant by RFC 5545 §3.3.5 in
//! [`day::instant`]: `rrule` drops times that a clock change skips, and takes no UNTIL written in local time or as a date.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use rrule::{Frequency, RRule, Unvalidated};

use super::property::{Fault, Written, bad};
use crate::model::day;

/// Skipped and taken steps of one rule together; a daily series reaches back more than a century with it.
const STEPS_MAX: usize = 60_000;

/// Where a series starts and which wall clock it follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) local: NaiveDateTime,
    pub(super) zone: Tz,
    pub(super) all_day: bool,
}

impl Start {
    /// A written date on this series' wall clock. All-day series compare dates only.
    pub(super) fn local_of(&self, written: Written, floating: Tz) -> NaiveDateTime {
        let local = match written {
            Written::Date(date) => date.and_time(self.local.time()),
            Written::Local(local, zone) if zone.unwrap_or(floating) == self.zone => local,
            Written::Local(local, zone) => self.local_at(day::instant(zone.unwrap_or(floating), local)),
            Written::Utc(at) => self.local_at(at.and_utc()),
        };
        if self.all_day { local.date().and_time(NaiveTime::MIN) } else { local }
    }

    fn local_at(&self, at: DateTime<Utc>) -> NaiveDateTime {
        if self.all_day { at.naive_utc() } else { at.with_timezone(&self.zone).naive_local() }
    }
}

/// The local starts of a series that may fall in a span of local time; at most `limit`.
pub(super) fn starts(
    start: Start,
    rules: &[&str],
    span: (NaiveDateTime, NaiveDateTime),
    limit: usize,
    floating: Tz,
) -> Result<BTreeSet<NaiveDateTime>, Fault> {
    let mut found = BTreeSet::new();
    for text in rules {
        walk(start, text, span, limit, floating, &mut found)?;
    }
    Ok(found)
}

fn walk(
    start: Start,
    text: &str,
    (from, until): (NaiveDateTime, NaiveDateTime),
    limit: usize,
    floating: Tz,
    found: &mut BTreeSet<NaiveDateTime>,
) -> Result<(), Fault> {
    // `rrule` cuts weekdays out of the text by bytes, and panics inside a character.
    if !text.is_ascii() {
        return bad("its RRULE has characters that no rule has");
    }
    if start.local.date() < NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default() {
        return bad("it repeats since before 1900");
    }
    let first = rrule::Tz::UTC.from_utc_datetime(&start.local);
    // `limit` ends rules that never fall on any date.
    let set = rule(start, text, floating)?.build(first).or_else(|error| bad(format!("RRULE `{text}`: {error}")))?.limit();
    for (step, at) in set.into_iter().enumerate() {
        let local = at.naive_utc();
        if local >= until {
            break;
        }
        if step >= STEPS_MAX || found.len() > limit {
            return bad(format!("RRULE `{text}` makes more occurrences than we read"));
        }
        if local >= from {
            found.insert(local);
        }
    }
    Ok(())
}

/// The rule without its UNTIL, which is put back in local time.
fn rule(start: Start, text: &str, floating: Tz) -> Result<RRule<Unvalidated>, Fault> {
    let (until, rest): (Vec<_>, Vec<_>) =
        text.split(';').filter(|part| !part.trim().is_empty()).partition(|part| part.trim().to_ascii_uppercase().starts_with("UNTIL="));
    let rule: RRule<Unvalidated> = rest.join(";").to_ascii_uppercase().parse().or_else(|error| bad(format!("RRULE `{text}`: {error}")))?;
    if matches!(rule.get_freq(), Frequency::Hourly | Frequency::Minutely | Frequency::Secondly) {
        return bad(format!("RRULE `{text}`: repetition more often than daily is not supported"));
    }
    let Some(until) = until.first().and_then(|part| part.split_once('=')) else { return Ok(rule) };
    let last =
        last_local(start, until.1.trim(), floating).map_or_else(|| bad(format!("RRULE `{text}`: UNTIL is not a date or time")), Ok)?;
    Ok(rule.until(rrule::Tz::UTC.from_utc_datetime(&last)))
}

/// UNTIL on the series' wall clock. A date means to the end of that day, as calendars that write it for timed events read it themselves.
fn last_local(start: Start, value: &str, floating: Tz) -> Option<NaiveDateTime> {
    if let Ok(date) = NaiveDate::parse_from_str(value, "%Y%m%d") {
        return date.and_hms_opt(23, 59, 59);
    }
    let (digits, utc) = value.strip_suffix(['Z', 'z']).map_or((value, false), |digits| (digits, true));
    let local = NaiveDateTime::parse_from_str(digits, "%Y%m%dT%H%M%S").ok()?;
    let last = start.local_of(if utc { Written::Utc(local) } else { Written::Local(local, Some(start.zone)) }, floating);
    // An all-day series takes the whole of its last date.
    Some(if start.all_day { last + TimeDelta::seconds(86_399) } else { last })
}
