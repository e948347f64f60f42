//! Ways out of an overlap: one keeps its time, or both give some up. Pure; the answer is a time for each of the two.

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

/// The times of an entry and of the other one that it starts inside of; none where nothing would be left of it.
pub(crate) fn settle(this: Times, other: Times, winner: Winner) -> (Option<Times>, Option<Times>) {
    let (first, second, this_is_first) = if this.0 < other.0 { (this, other, true) } else { (other, this, false) };
    let (first_after, second_after) = match winner {
        Winner::This | Winner::Other => {
            let first_wins = (winner == Winner::This) == this_is_first;
            if first_wins { (first, (second.0.max(first.1), second.1)) } else { ((first.0, first.1.min(second.0)), second) }
        }
        Winner::Split => {
            let (from, until) = (second.0.max(first.0), first.1.min(second.1));
            cut(first, second, from + whole((until - from) / 2))
        }
        Winner::Prorate => {
            let (begin, end) = (first.0.min(second.0), first.1.max(second.1));
            let (one, two) = ((first.1 - first.0).num_seconds(), (second.1 - second.0).num_seconds());
            let part = if one + two == 0 { 0 } else { (end - begin).num_seconds() * one / (one + two) };
            let at = begin + whole(TimeDelta::seconds(part));
            ((begin, at), (at, end))
        }
    };
    let kept = |span: Times| (span.0 < span.1).then_some(span);
    if this_is_first { (kept(first_after), kept(second_after)) } else { (kept(second_after), kept(first_after)) }
}

/// The first until a moment, the second from it on.
fn cut(first: Times, second: Times, at: DateTime<Utc>) -> (Times, Times) {
    ((first.0, at), (at, second.1.max(first.1)))
}

/// Nobody bills part of a minute.
fn whole(length: TimeDelta) -> TimeDelta {
    TimeDelta::minutes(length.num_minutes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32, minute: u32) -> DateTime<Utc> {
        format!("2026-03-02T{hour:02}:{minute:02}:00Z").parse().expect("an instant")
    }

    #[test]
    fn whoever_wins_keeps_all_and_nothing_overlaps_after() {
        let (this, other) = ((at(9, 30), at(11, 0)), (at(9, 0), at(10, 0)));
        assert_eq!(settle(this, other, Winner::This), (Some(this), Some((at(9, 0), at(9, 30)))));
        assert_eq!(settle(this, other, Winner::Other), (Some((at(10, 0), at(11, 0))), Some(other)));
        assert_eq!(settle(this, other, Winner::Split), (Some((at(9, 45), at(11, 0))), Some((at(9, 0), at(9, 45)))));
        // 150 minutes of two hours: the two hours are shared out as 60 to 90.
        assert_eq!(settle(this, other, Winner::Prorate), (Some((at(9, 48), at(11, 0))), Some((at(9, 0), at(9, 48)))));
    }

    #[test]
    fn nothing_is_left_of_what_lies_inside_the_winner() {
        let (inner, outer) = ((at(9, 30), at(10, 0)), (at(9, 0), at(12, 0)));
        assert_eq!(settle(inner, outer, Winner::Other), (None, Some(outer)));
        assert_eq!(settle(inner, outer, Winner::This), (Some(inner), Some((at(9, 0), at(9, 30)))));
    }
}
