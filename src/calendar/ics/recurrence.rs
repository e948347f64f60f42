//! The dates of a series, by `rrule`, inside a window and in bounded steps.
//!
//! The rule is walked in local time (handed to `rrule` as if it were UTC) and each date then becomes an instant by RFC 5545 §3.3.5 in
//! [`day::instant`]: `rrule` drops times that a clock change skips, and takes no UNTIL written in local time or as a date. Its own limits
//! do not bound the steps it skips, so a rule without COUNT begins just before the window, and sub-hourly ones are refused.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use rrule::{Frequency, NWeekday, RRule, Unvalidated};

use super::property::{Fault, Written, bad, local_time};
use crate::model::day;

/// Taken steps of one rule; a daily series with COUNT reaches back more than a century with it.
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
            Written::Local(local, _) if self.all_day => local,
            Written::Local(local, zone) if zone.unwrap_or(floating) == self.zone => local,
            Written::Local(local, zone) => self.local_at(day::instant(zone.unwrap_or(floating), local)),
            // Of an all-day series midnight in UTC is how some write the date itself.
            Written::Utc(at) if self.all_day && at.num_seconds_from_midnight() == 0 => at,
            Written::Utc(at) => self.local_at(at.and_utc()),
        };
        if self.all_day { local.date().and_time(NaiveTime::MIN) } else { local }
    }

    fn local_at(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.zone).naive_local()
    }
}

/// The dates of some rules of a series.
#[derive(Debug, Default)]
pub(super) struct Dates {
    /// Local starts that may fall in the span.
    pub(super) locals: BTreeSet<NaiveDateTime>,
    /// Whether some rule had not ended when the series starts. The start is the first occurrence then, also where the rule would not name
    /// it, as programs show it that let people move the first one.
    pub(super) begin: bool,
}

/// The dates of a series by these rules in a span of local time; more than `limit` are refused.
pub(super) fn dates(
    start: Start,
    rules: &[String],
    span: (NaiveDateTime, NaiveDateTime),
    limit: usize,
    floating: Tz,
) -> Result<Dates, Fault> {
    let mut found = Dates::default();
    for text in rules {
        found.begin |= walk(start, text, span, limit, floating, &mut found.locals)?;
    }
    Ok(found)
}

/// Adds the dates of one rule; whether it had not ended when the series starts.
fn walk(
    start: Start,
    text: &str,
    (from, until): (NaiveDateTime, NaiveDateTime),
    limit: usize,
    floating: Tz,
    found: &mut BTreeSet<NaiveDateTime>,
) -> Result<bool, Fault> {
    // `rrule` cuts weekdays out of the text by bytes, and panics inside a character.
    if !text.is_ascii() {
        return bad("its RRULE has characters that no rule has");
    }
    let text = text.trim();
    let told = |error: &dyn std::fmt::Display| Fault::Bad(format!("RRULE `{}`: {error}", text.chars().take(60).collect::<String>()));
    let rule = rule(start, text, floating)?;
    let is_hourly = rule.get_freq() == Frequency::Hourly;
    let begin = if rule.get_count().is_some() { start.local } else { forwarded(start.local, &rule, from) };
    let first = rrule::Tz::UTC.from_utc_datetime(&begin);
    // It ended before the window; `rrule` calls that a mistake.
    if rule.get_until().is_some_and(|until| *until < first) {
        return Ok(rule.get_until().is_some_and(|until| start.local <= until.naive_utc()));
    }
    let count = rule.get_count();
    // `limit` ends rules that never fall on any date.
    let mut set = rule.build(first).map_err(|error| told(&error))?.limit().into_iter().peekable();
    // The start counts as the first of COUNT (RFC 5545 §3.3.10), whether the rule names it or not.
    let is_named = set.peek().is_none_or(|at| at.naive_utc() == start.local);
    let most = count.map_or(usize::MAX, |count| count as usize - usize::from(!is_named));
    let mut last = None;
    for (step, at) in set.take(most).enumerate() {
        let local = at.naive_utc();
        if local >= until {
            break;
        }
        if step >= STEPS_MAX || found.len() > limit {
            return Err(told(&"makes more occurrences than we read"));
        }
        if local >= from {
            found.insert(local);
            last = Some(local);
        }
    }
    // What is counted depends on all that came before, also before the window.
    let first = if count.is_some() { start.local } else { start.local.max(from) };
    if is_hourly && last.is_some_and(|last| changes_clocks(start.zone, first, last)) {
        return bad("it repeats by the hour over a change of clocks, which no two programs read alike");
    }
    Ok(true)
}

/// The rule without its UNTIL, which is put back in local time.
fn rule(start: Start, text: &str, floating: Tz) -> Result<RRule<Unvalidated>, Fault> {
    let told = |error: &dyn std::fmt::Display| Fault::Bad(format!("RRULE `{}`: {error}", text.chars().take(60).collect::<String>()));
    // Some programs keep -1 for a count that was not set.
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty() && !part.eq_ignore_ascii_case("COUNT=-1"));
    let (until, rest): (Vec<_>, Vec<_>) = parts.partition(|part| part.to_ascii_uppercase().starts_with("UNTIL="));
    let rule: RRule<Unvalidated> = rest.join(";").to_ascii_uppercase().parse().map_err(|error: rrule::RRuleError| told(&error))?;
    let rule = without_numbers(rule);
    if matches!(rule.get_freq(), Frequency::Minutely | Frequency::Secondly) {
        return Err(told(&"repetition more often than hourly is not read"));
    }
    if start.all_day && rule.get_freq() == Frequency::Hourly {
        return Err(told(&"what lasts all day cannot repeat by the hour"));
    }
    if rule.get_count() == Some(0) || rule.get_interval() == 0 {
        return Err(told(&"it would never take place"));
    }
    let Some((_, until)) = until.first().and_then(|part| part.split_once('=')) else { return Ok(rule) };
    let last = last_local(start, until, floating).ok_or_else(|| told(&"UNTIL is not a date or time"))?;
    Ok(rule.until(rrule::Tz::UTC.from_utc_datetime(&last)))
}

/// Weekdays have numbers in months and years only (RFC 5545 §3.3.10). Elsewhere calendars pass over a number, and `rrule` over the weekday,
/// so that a week would repeat daily.
fn without_numbers(rule: RRule<Unvalidated>) -> RRule<Unvalidated> {
    let counts = match rule.get_freq() {
        Frequency::Monthly => true,
        Frequency::Yearly => rule.get_by_week_no().is_empty(),
        _ => false,
    };
    let every = |day: &NWeekday| match *day {
        NWeekday::Every(day) | NWeekday::Nth(_, day) => NWeekday::Every(day),
    };
    let days = rule.get_by_weekday().iter().map(every).collect();
    if counts { rule } else { rule.by_weekday(days) }
}

/// UNTIL on the series' wall clock. A date means to the end of that day, as calendars that write it for timed events read it themselves.
fn last_local(start: Start, value: &str, floating: Tz) -> Option<NaiveDateTime> {
    if let Ok(date) = NaiveDate::parse_from_str(value, "%Y%m%d") {
        return date.and_hms_opt(23, 59, 59);
    }
    let (digits, utc) = value.strip_suffix(['Z', 'z']).map_or((value, false), |digits| (digits, true));
    let local = local_time(digits)?;
    let last = start.local_of(if utc { Written::Utc(local) } else { Written::Local(local, Some(start.zone)) }, floating);
    // An all-day series takes the whole of its last date.
    Some(if start.all_day { last + TimeDelta::seconds(86_399) } else { last })
}

fn changes_clocks(zone: Tz, from: NaiveDateTime, until: NaiveDateTime) -> bool {
    let offset = |at: NaiveDateTime| chrono::Offset::fix(&zone.offset_from_utc_datetime(&at));
    let days = std::iter::successors(Some(from), |at| at.checked_add_signed(TimeDelta::days(1))).take_while(|at| *at < until);
    days.chain([until]).any(|at| offset(at) != offset(from))
}

/// The last start in step with a rule that lies before `from`, with room for the parts of its period: what comes after it is the same.
fn forwarded(start: NaiveDateTime, rule: &RRule<Unvalidated>, from: NaiveDateTime) -> NaiveDateTime {
    let every = i64::from(rule.get_interval().max(1));
    let days = (from - start).num_days();
    let jump = |length: i64| start.checked_add_signed(TimeDelta::days((days / length - 1).max(0) * length));
    let jumped = match rule.get_freq() {
        // Whole days that are also whole steps.
        Frequency::Hourly | Frequency::Daily => jump(every),
        Frequency::Weekly => jump(7 * every),
        Frequency::Monthly => by_months(start, every, from),
        Frequency::Yearly => by_months(start, 12 * every, from),
        Frequency::Minutely | Frequency::Secondly => None,
    };
    jumped.filter(|at| start < *at && *at < from).unwrap_or(start)
}

/// Whole steps of months, back to one whose month has the day of the start: a rule may repeat on that very day.
fn by_months(start: NaiveDateTime, every: i64, from: NaiveDateTime) -> Option<NaiveDateTime> {
    let month = |at: NaiveDateTime| i64::from(at.year()) * 12 + i64::from(at.month0());
    let steps = (month(from) - month(start)) / every - 1;
    // Eight years at most lie between two days of the same name, over a century without a leap day.
    (0..=(96 / every.min(96) + 1)).filter_map(|back| u32::try_from((steps - back) * every).ok()).find_map(|months| {
        let at = start.checked_add_months(Months::new(months))?;
        (at.day() == start.day()).then_some(at)
    })
}
