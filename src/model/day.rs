//! Days and zones: where a local date begins and ends, in dated zones (SEMANTICS S15).

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc, offset::LocalResult};
use chrono_tz::Tz;

use crate::model::event::Span;

mod moving;

/// The first date of the book, and the last one. Dates are compared as text of four-digit years.
pub(crate) const FIRST_DATE: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a date");
pub(crate) const LAST_DATE: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");

/// The zones of a person, each from a date on; the first also covers all time before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zones(Vec<(NaiveDate, Tz)>);

impl Zones {
    /// One zone for all time.
    pub(crate) fn only(zone: Tz) -> Self {
        Self(vec![(NaiveDate::MIN, zone)])
    }

    /// Zones by the date each begins; none if the list is empty.
    pub(crate) fn dated(mut zones: Vec<(NaiveDate, Tz)>) -> Option<Self> {
        zones.sort_by_key(|(from, _)| *from);
        (!zones.is_empty()).then_some(Self(zones))
    }

    /// Each with the date it begins.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (NaiveDate, Tz)> {
        self.0.iter().copied()
    }

    /// The zone in force on a date.
    pub(crate) fn on(&self, date: NaiveDate) -> Tz {
        let began = self.0.partition_point(|(from, _)| *from <= date);
        self.0[began.saturating_sub(1)].1
    }

    /// The first instant of a date.
    pub(crate) fn start(&self, date: NaiveDate) -> DateTime<Utc> {
        first_instant(self.on(date), date)
    }

    /// A date from its first instant to the first instant of the next, in the next one's zone: long or short on a move, never a gap.
    pub(crate) fn bounds(&self, date: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.start(date), self.start(date + Days::new(1)))
    }

    /// The date an instant falls on.
    pub(crate) fn date_of(&self, at: DateTime<Utc>) -> NaiveDate {
        let guess = at.date_naive();
        // The local date is the answer but in the hours around a move from zone to zone, or after a midnight that was skipped.
        let local = at.with_timezone(&self.on(guess)).date_naive();
        if self.0.len() == 1 && self.start(local) <= at && at < self.start(local + Days::new(1)) {
            return local;
        }
        (-2..=2).rev().map(|shift| guess + chrono::TimeDelta::days(shift)).find(|date| self.start(*date) <= at).unwrap_or(guess)
    }
}

/// Ten years: what is longer is a mistake, and its rest makes no time.
const DATES_MAX: usize = 3_660;

impl Zones {
    /// When a span starts, all-day ones at the first instant of their date.
    pub(crate) fn starts_at(&self, span: &Span) -> DateTime<Utc> {
        match span {
            Span::Timed { start, .. } => *start,
            Span::AllDay { first, .. } => self.start(*first),
        }
    }

    /// The local date on which a span starts.
    pub(crate) fn first_date(&self, span: &Span) -> NaiveDate {
        match span {
            Span::Timed { start, .. } => self.date_of(*start),
            Span::AllDay { first, .. } => *first,
        }
    }

    /// Every local date a span touches.
    pub(crate) fn dates(&self, span: &Span) -> Vec<NaiveDate> {
        let first = self.first_date(span);
        let last = match span {
            Span::Timed { start, end, .. } if end > start => self.date_of(*end - chrono::TimeDelta::microseconds(1)),
            Span::Timed { .. } => first,
            Span::AllDay { until, .. } => until.pred_opt().unwrap_or(first),
        };
        first.iter_days().take_while(|date| *date <= last.max(first)).take(DATES_MAX).collect()
    }
}

/// The first instant of a date in a zone. A midnight that does not exist gives the first one after it.
fn first_instant(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => transition_after(zone, midnight),
    }
}

/// An instant for a local time by RFC 5545 §3.3.5: in a fold the first of two; in a gap the time read with the offset before it.
pub(crate) fn instant(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => in_gap(zone, local),
    }
}

/// When something ends on a date: midnight is the end of that date.
pub(crate) fn end_on(zone: Tz, date: NaiveDate, local: NaiveTime) -> DateTime<Utc> {
    let date = if local == NaiveTime::MIN { date.succ_opt().unwrap_or(date) } else { date };
    instant(zone, date.and_time(local))
}

/// An instant as programs write it (RFC 3339), to the second: entries know no part of one, and a leap second is the first after it.
pub(crate) fn instant_from(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text).ok()?;
    let leap = i64::from(at.timestamp_subsec_nanos() >= 1_000_000_000);
    DateTime::from_timestamp(at.timestamp() + leap, 0)
}

/// A local time as people write it: `09:30`; `24:00` is midnight.
///
/// # Errors
/// What one looks like.
pub(crate) fn clock_time(text: &str) -> Result<NaiveTime, String> {
    let text = if text == "24:00" { "00:00" } else { text };
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| "no time such as 09:30".to_owned())
}

/// Reads a local time that a clock change skips with the offset in force before the change.
fn in_gap(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    // No zone has skipped more than a day and a bit, so a day and a half earlier the old offset holds.
    let before = local - chrono::TimeDelta::hours(36);
    let offset = zone.offset_from_utc_datetime(&before);
    (local - chrono::Offset::fix(&offset)).and_utc()
}

/// The instant of the clock change that skips `midnight`: found by halving, since zones do not publish their changes here.
fn transition_after(zone: Tz, midnight: NaiveDateTime) -> DateTime<Utc> {
    let local_of = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
    let mut high = in_gap(zone, midnight) + chrono::TimeDelta::hours(30);
    let mut low = in_gap(zone, midnight) - chrono::TimeDelta::hours(30);
    while high - low > chrono::TimeDelta::seconds(1) {
        let middle = low + (high - low) / 2;
        if local_of(middle) < midnight { low = middle } else { high = middle }
    }
    // Clock changes fall on whole seconds.
    DateTime::from_timestamp(high.timestamp(), 0).unwrap_or(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_midnight_that_does_not_exist_is_the_first_instant_of_that_date() {
        // Sao Paulo moved its clocks at midnight: 2018-11-04 began at 01:00.
        let zones = Zones::only(chrono_tz::America::Sao_Paulo);
        let date = NaiveDate::from_ymd_opt(2018, 11, 4).expect("a date");
        assert_eq!(zones.start(date), at("2018-11-04T03:00:00Z"));
        assert_eq!(zones.date_of(at("2018-11-04T02:59:59Z")), date - Days::new(1));
        assert_eq!(zones.date_of(at("2018-11-04T03:00:00Z")), date);
    }

    #[test]
    fn a_skipped_date_is_an_empty_day() {
        // Samoa crossed the date line: 2011-12-30 did not happen there.
        let zones = Zones::only(chrono_tz::Pacific::Apia);
        let date = NaiveDate::from_ymd_opt(2011, 12, 30).expect("a date");
        let (start, end) = zones.bounds(date);
        assert_eq!(start, end);
        assert_eq!(start, at("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn a_move_makes_a_long_day_and_never_a_gap() {
        let date = |day| NaiveDate::from_ymd_opt(2026, 3, day).expect("a date");
        let zones = Zones::dated(vec![(date(1), chrono_tz::Europe::Berlin), (date(10), chrono_tz::America::New_York)]).expect("zones");
        let (start, end) = zones.bounds(date(9));
        assert_eq!((end - start).num_hours(), 29);
        assert_eq!(zones.bounds(date(10)).0, end);
        assert_eq!(zones.date_of(end), date(10));
    }

    #[test]
    fn a_local_time_in_a_gap_uses_the_offset_before_it() {
        let local = NaiveDate::from_ymd_opt(2026, 3, 29).and_then(|d| d.and_hms_opt(2, 30, 0)).expect("a time");
        assert_eq!(instant(chrono_tz::Europe::Berlin, local), at("2026-03-29T01:30:00Z"));
    }
}
