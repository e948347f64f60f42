//! When a schedule fires, in a zone: no slot is skipped or doubled where clocks change. Pure.
//!
//! A slot in the hour that is skipped fires when that hour would have ended; one in the hour that comes twice fires the first time.

use chrono::{DateTime, Days, NaiveDateTime, TimeDelta, TimeZone, Utc, offset::LocalResult};
use chrono_tz::Tz;
use cron::Schedule;

/// The first slot after an instant; none if there never is one.
pub(crate) fn next(schedule: &Schedule, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // The schedule is walked on the wall clock, as if clocks never changed; each slot is then put into the zone. A day earlier, since a
    // slot before a gap or a fold may come after one that stands later on the wall.
    let wall = after.with_timezone(&zone).naive_local() - Days::new(1);
    schedule.after(&wall.and_utc()).map(|slot| placed(zone, slot.naive_utc())).find(|slot| *slot > after)
}

fn placed(zone: Tz, wall: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => end_of_gap(zone, wall),
    }
}

/// The instant at which the clock is moved over `wall`.
fn end_of_gap(zone: Tz, wall: NaiveDateTime) -> DateTime<Utc> {
    let exists = |minutes: i64| zone.from_local_datetime(&(wall + TimeDelta::minutes(minutes))).earliest();
    // Gaps end on whole minutes, and none is longer than a day.
    let minute = TimeDelta::seconds(i64::from(chrono::Timelike::second(&wall)));
    (1..=1_560).find_map(|minutes| exists(minutes).map(|at| at.to_utc() - minute)).unwrap_or_else(|| wall.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::poll::schedule;

    fn slots(expression: &str, zone: Tz, from: &str, count: usize) -> Vec<String> {
        let schedule = schedule(expression).expect("a schedule");
        let mut at: DateTime<Utc> = from.parse().expect("an instant");
        let mut found = Vec::new();
        for _ in 0..count {
            at = next(&schedule, zone, at).expect("a slot");
            found.push(at.with_timezone(&zone).format("%m-%d %H:%M %z").to_string());
        }
        found
    }

    #[test]
    fn a_slot_in_the_skipped_hour_fires_when_that_hour_ends() {
        let berlin = chrono_tz::Europe::Berlin;
        assert_eq!(slots("30 2 * * *", berlin, "2026-03-27T12:00:00Z", 3), ["03-28 02:30 +0100", "03-29 03:00 +0200", "03-30 02:30 +0200"]);
        assert_eq!(
            slots("*/30 * * * *", berlin, "2026-03-29T00:15:00Z", 4),
            ["03-29 01:30 +0100", "03-29 03:00 +0200", "03-29 03:30 +0200", "03-29 04:00 +0200"]
        );
    }

    #[test]
    fn a_slot_in_the_doubled_hour_fires_once() {
        let berlin = chrono_tz::Europe::Berlin;
        assert_eq!(slots("30 2 * * *", berlin, "2026-10-24T12:00:00Z", 2), ["10-25 02:30 +0200", "10-26 02:30 +0100"]);
        assert_eq!(slots("0 * * * *", berlin, "2026-10-24T23:30:00Z", 3), ["10-25 02:00 +0200", "10-25 03:00 +0100", "10-25 04:00 +0100"]);
    }

    #[test]
    fn a_gap_of_half_an_hour_and_one_of_a_whole_day() {
        assert_eq!(
            slots("15 2 * * *", chrono_tz::Australia::Lord_Howe, "2026-10-02T20:00:00Z", 2),
            ["10-04 02:30 +1100", "10-05 02:15 +1100"]
        );
        // Samoa had no 30 December 2011.
        assert_eq!(slots("0 8 * * *", chrono_tz::Pacific::Apia, "2011-12-29T19:00:00Z", 2), ["12-31 00:00 +1400", "12-31 08:00 +1400"]);
    }
}
