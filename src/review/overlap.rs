//! Ways out of an overlap: one keeps the common time, or both give some of it up. Pure; the answer is what each of the two gives up, and
//! never touches time that only one of them has (SEMANTICS S4).

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::words::words;

words! {
    /// Who gives way.
    Winner {
        /// The entry that is asked about keeps its time.
        This = "this",
        /// The other one keeps its time.
        Other = "other",
        /// The common time is cut in the middle.
        Split = "split",
        /// The whole time of both is shared out as long as each one was.
        Prorate = "prorate",
    }
}

/// A span of time.
pub(crate) type Times = (DateTime<Utc>, DateTime<Utc>);

/// What an entry and another one each give up of the time that both have: the first to start keeps it until a moment, the other one from
/// then on. A span without length is nothing.
pub(crate) fn settle(this: Times, other: Times, winner: Winner) -> (Times, Times) {
    let (from, until) = (this.0.max(other.0), this.1.min(other.1));
    let this_is_first = this < other;
    let at = match winner {
        Winner::This | Winner::Other if (winner == Winner::This) == this_is_first => until,
        Winner::This | Winner::Other => from,
        Winner::Split => from + whole((until - from) / 2),
        Winner::Prorate => {
            let (first, second) = if this_is_first { (this, other) } else { (other, this) };
            let (one, two) = ((first.1 - first.0).num_seconds(), (second.1 - second.0).num_seconds());
            from + whole(TimeDelta::seconds((until - from).num_seconds() * two / (one + two).max(1)))
        }
    };
    if this_is_first { ((at, until), (from, at)) } else { ((from, at), (at, until)) }
}

/// Nobody bills part of a minute.
fn whole(length: TimeDelta) -> TimeDelta {
    TimeDelta::minutes(length.num_minutes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, until: &str) -> Times {
        let at = |time: &str| format!("2026-03-02T{time}:00Z").parse().expect("an instant");
        (at(from), at(until))
    }

    /// What each gives up, and none of it is left out or given up twice.
    fn given(this: Times, other: Times, winner: Winner) -> (Times, Times) {
        let (one, two) = settle(this, other, winner);
        let common = this.1.min(other.1) - this.0.max(other.0);
        assert_eq!((one.1 - one.0) + (two.1 - two.0), common);
        (one, two)
    }

    #[test]
    fn the_common_time_goes_to_one_or_is_shared() {
        let (this, other) = (span("09:30", "11:00"), span("09:00", "10:00"));
        assert_eq!(given(this, other, Winner::This).1, span("09:30", "10:00"));
        assert_eq!(given(this, other, Winner::Other).0, span("09:30", "10:00"));
        assert_eq!(given(this, other, Winner::Split), (span("09:30", "09:45"), span("09:45", "10:00")));
        // 150 minutes of two hours: the two hours are shared out as 60 to 90.
        assert_eq!(given(this, other, Winner::Prorate), (span("09:30", "09:48"), span("09:48", "10:00")));
    }

    #[test]
    fn of_one_inside_another_only_the_time_of_the_inner_is_shared() {
        let (inner, outer) = (span("10:00", "10:30"), span("09:00", "12:00"));
        assert_eq!(given(inner, outer, Winner::This).1, inner);
        assert_eq!(given(inner, outer, Winner::Other).0, inner);
        assert_eq!(given(inner, outer, Winner::Split), (span("10:00", "10:15"), span("10:15", "10:30")));
        assert_eq!(given(inner, outer, Winner::Prorate), (span("10:00", "10:04"), span("10:04", "10:30")));
        // Of two that start together the shorter one comes first.
        assert_eq!(given(span("09:00", "10:00"), outer, Winner::Split), (span("09:30", "10:00"), span("09:00", "09:30")));
    }
}
