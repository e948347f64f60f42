//! Moving to another zone: dated zones with one more move, and what reads differently after it (SEMANTICS S15). Pure.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{FIRST_DATE, LAST_DATE, Zones};

impl Zones {
    /// These with another zone from a date on, until the next move that is known already. The first zone is that of all time before the
    /// first move: from a date on which nothing counts yet, or the first that does, it is another one from the beginning.
    pub(crate) fn moved(&self, from: NaiveDate, zone: Tz, first_day: NaiveDate) -> Self {
        let began = self.0[0].0.min(first_day);
        let is_correction = from <= first_day;
        let moves = self.0[1..].iter().copied().filter(|(date, _)| if is_correction { *date > first_day } else { *date != from });
        let first = (began, if is_correction { zone } else { self.0[0].1 });
        let mut zones: Vec<_> = std::iter::once(first).chain(moves).chain((!is_correction).then_some((from, zone))).collect();
        zones.sort_by_key(|(date, _)| *date);
        zones.dedup_by_key(|(_, zone)| *zone);
        Self(zones)
    }

    /// The first, and each that came after it with the date of the move.
    pub(crate) fn moves(&self) -> (Tz, &[(NaiveDate, Tz)]) {
        (self.0[0].1, &self.0[1..])
    }

    /// The earliest date on which they differ, which is the first of all where the first zone is another.
    pub(crate) fn differ_from(&self, other: &Self) -> NaiveDate {
        let dates = self.iter().chain(other.iter()).map(|(date, _)| date).filter(|date| self.on(*date) != other.on(*date));
        if self.0[0].1 == other.0[0].1 { dates.min().unwrap_or(LAST_DATE) } else { FIRST_DATE }
    }

    /// Whether a date is in another zone, or begins or ends at another time.
    pub(crate) fn differ_on(&self, other: &Self, date: NaiveDate) -> bool {
        self.on(date) != other.on(date) || self.bounds(date) != other.bounds(date)
    }
}

impl std::fmt::Display for Zones {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, moves) = self.moves();
        write!(f, "{first}")?;
        moves.iter().try_for_each(|(from, zone)| write!(f, ", from {from} {zone}"))
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America::New_York, Asia::Tokyo, Europe::Berlin};

    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).expect("a date")
    }

    fn zones(rows: &[(u32, Tz)]) -> Zones {
        Zones::dated(rows.iter().map(|(from, zone)| (day(*from), *zone)).collect()).expect("zones")
    }

    #[test]
    fn a_move_leaves_the_others_where_they_are() {
        let berlin = zones(&[(1, Berlin)]);
        let moved = berlin.moved(day(10), New_York, day(1));
        assert_eq!(moved, zones(&[(1, Berlin), (10, New_York)]));
        assert_eq!(moved.moved(day(5), Tokyo, day(1)), zones(&[(1, Berlin), (5, Tokyo), (10, New_York)]));
        assert_eq!(moved.moved(day(10), Tokyo, day(1)), zones(&[(1, Berlin), (10, Tokyo)]));
        // Where she is already is no move, and a move that is taken back is none.
        assert_eq!(moved.moved(day(12), New_York, day(1)), moved);
        assert_eq!(moved.moved(day(10), Berlin, day(1)), berlin);
    }

    #[test]
    fn what_was_wrong_from_the_beginning_is_put_right_from_the_beginning() {
        let moved = zones(&[(1, Berlin), (10, New_York)]);
        for from in [1, 3] {
            assert_eq!(moved.moved(day(from), Tokyo, day(3)), zones(&[(1, Tokyo), (10, New_York)]));
        }
        // Moves before her first day were none that anybody saw.
        assert_eq!(moved.moved(day(20), Tokyo, day(20)), zones(&[(1, Tokyo)]));
        assert_eq!(zones(&[(8, Berlin)]).moved(day(5), Tokyo, day(4)), zones(&[(4, Berlin), (5, Tokyo)]));
    }

    #[test]
    fn the_day_before_a_move_ends_at_another_time() {
        let (before, after) = (zones(&[(1, Berlin)]), zones(&[(1, Berlin), (10, New_York)]));
        assert_eq!((7..12).map(|on| before.differ_on(&after, day(on))).collect::<Vec<_>>(), [false, false, true, true, true]);
    }
}
