//! From when to when something reaches, as far as that shows without reading it whole: nobody is asked about what lies outside the window.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::{
    event::Parsed,
    property::{local_date, local_time},
};
use crate::{calendar::Window, model::event::Moment};

/// Local times, of whatever clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    first: NaiveDateTime,
    /// None where it may go on.
    last: Option<NaiveDateTime>,
    all_day: bool,
}

/// No meeting lasts longer.
const LONGEST: TimeDelta = TimeDelta::days(31);

impl Reach {
    /// Of a component's lines; none where its start cannot be read.
    pub(super) fn of_lines(lines: &[String]) -> Option<Self> {
        let named = |name: &'static str| {
            let value = move |line: &String| {
                let (head, value) = line.rsplit_once(':')?;
                head.split(';').next().is_some_and(|head| head.trim().eq_ignore_ascii_case(name)).then(|| value.trim().to_owned())
            };
            lines.iter().filter_map(value)
        };
        let written = named("DTSTART").next()?;
        let (first, all_day) = (time(&written)?, written.len() == 8);
        let end = named("DTEND").next().map_or(Some(first + LONGEST), |end| time(&end));
        let rules: Vec<String> = named("RRULE").collect();
        let last = end.filter(|_| named("RDATE").next().is_none()).and_then(|end| last(first, end, &rules));
        Some(Self { first, last, all_day })
    }

    pub(super) fn of(parsed: &Parsed) -> Self {
        let (first, all_day) = (parsed.start.local, parsed.start.all_day);
        let end = first + TimeDelta::days(parsed.length.days().clamp(0, 36_500));
        let last = Some(end).filter(|_| parsed.added.is_empty()).and_then(|end| last(first, end, &parsed.rules));
        Self { first, last, all_day }
    }

    /// Of an occurrence, of which no more is known.
    pub(super) fn at(moment: Moment) -> Self {
        let first = match moment {
            Moment::At(at) => at.naive_utc(),
            Moment::On(date) => date.and_time(chrono::NaiveTime::MIN),
        };
        Self { first, last: Some(first + LONGEST), all_day: matches!(moment, Moment::On(_)) }
    }

    /// Whether it lies wholly before or after the window, on every clock there is.
    pub(super) fn is_outside(&self, window: &Window) -> bool {
        let slack = TimeDelta::days(2);
        let (from, until) = (window.from.naive_utc() - slack, window.until.naive_utc() + slack);
        until <= self.first || self.last.is_some_and(|last| last <= from)
    }

    /// When it begins, as it is written.
    pub(super) fn begins(&self) -> String {
        if self.all_day { self.first.date().to_string() } else { self.first.format("%Y-%m-%d at %H:%M").to_string() }
    }

    /// The day on which it begins.
    pub(super) fn day(&self) -> Moment {
        Moment::On(self.first.date())
    }
}

fn time(value: &str) -> Option<NaiveDateTime> {
    let midnight = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN);
    local_time(value.trim_end_matches(['Z', 'z'])).or_else(|| local_date(value).map(midnight))
}

fn last(first: NaiveDateTime, end: NaiveDateTime, rules: &[String]) -> Option<NaiveDateTime> {
    let length = (end - first).max(TimeDelta::zero());
    rules.iter().try_fold(first.max(end), |last, rule| Some(last.max(ends(first, rule)?.checked_add_signed(length)?)))
}

/// When a rule has ended for certain, if that shows.
pub(super) fn ends(first: NaiveDateTime, rule: &str) -> Option<NaiveDateTime> {
    let rule = rule.to_ascii_uppercase();
    let part = |name: &str| rule.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    if let Some(until) = part("UNTIL") {
        return time(until)?.checked_add_signed(TimeDelta::days(1));
    }
    let frequency = part("FREQ")?;
    let step = match frequency {
        "SECONDLY" => TimeDelta::seconds(1),
        "MINUTELY" => TimeDelta::minutes(1),
        "HOURLY" => TimeDelta::hours(1),
        "DAILY" => TimeDelta::days(1),
        "WEEKLY" => TimeDelta::days(7),
        "MONTHLY" => TimeDelta::days(31),
        "YEARLY" => TimeDelta::days(366),
        _ => return None,
    };
    // A week has each of its days; whatever else is asked for may have to be waited for.
    let waits = |part: &str| part.trim().starts_with("BY") && !(frequency == "WEEKLY" && part.trim().starts_with("BYDAY"));
    // The 29th of February, and the 31st, do not come each time.
    let is_rare = matches!(frequency, "MONTHLY" | "YEARLY") && chrono::Datelike::day(&first) > 28;
    if is_rare || rule.split(';').any(waits) {
        return None;
    }
    let number = |text: &str| text.parse::<i32>().ok().filter(|number| (0..=100_000).contains(number));
    let (count, every) = (number(part("COUNT")?)?, part("INTERVAL").map_or(Some(1), number)?);
    first.checked_add_signed(step.checked_mul(count)?.checked_mul(every)?)
}
