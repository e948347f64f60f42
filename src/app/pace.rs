//! When a calendar is read next: sooner if it changes, later if it does not, and after failures at ever longer, scattered intervals. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{config::poll::Polling, model::connection::Poll};

/// The first interval after a failure; it doubles with each.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(30);
/// An interval varies by this share, so that calendars connected together are not read together for ever.
const JITTER: f64 = 0.1;

/// How a reading went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Went<'a> {
    Changed,
    Same,
    /// It was asked to wait, for so long if the provider said so.
    Later(Option<TimeDelta>),
    Failed(&'a str),
}

/// The poll that follows. `chance` is a number from 0 to 1.
pub(crate) fn next(before: &Poll, went: Went<'_>, polling: &Polling, now: DateTime<Utc>, chance: f64) -> Poll {
    let (shortest, longest) = (polling.shortest.num_seconds(), polling.longest.num_seconds());
    let read = Poll { failures: 0, failing_since: None, failure: None, wants_full: false, ..before.clone() };
    match went {
        Went::Changed => due(Poll { pace_seconds: shortest, changed_at: Some(now), ..read }, now, chance),
        Went::Same => {
            let pace = (before.pace_seconds + before.pace_seconds / 2).clamp(shortest, longest);
            due(Poll { pace_seconds: pace, ..read }, now, chance)
        }
        Went::Later(wait) => {
            let wait = wait.unwrap_or_else(|| retry(before.failures + 1, polling, 1.0));
            // One that is only ever asked to wait is not read either.
            let failing_since = before.failing_since.or(Some(now));
            let failure = before.failure.clone().or_else(|| Some("it asks to wait".to_owned()));
            let due_at = now + wait + scattered(wait.max(FIRST_RETRY), chance * JITTER);
            Poll { due_at, failures: before.failures + 1, failing_since, failure, ..before.clone() }
        }
        Went::Failed(why) => Poll {
            due_at: now + retry(before.failures + 1, polling, chance),
            failures: before.failures + 1,
            failing_since: before.failing_since.or(Some(now)),
            failure: Some(why.to_owned()),
            ..before.clone()
        },
    }
}

fn due(poll: Poll, now: DateTime<Utc>, chance: f64) -> Poll {
    let pace = TimeDelta::seconds(poll.pace_seconds);
    // Earlier only: a promised interval is kept.
    Poll { due_at: now + pace - scattered(pace, chance * JITTER), ..poll }
}

/// Full jitter over a doubling interval, at least a second.
fn retry(failures: i64, polling: &Polling, chance: f64) -> TimeDelta {
    let doublings = u32::try_from(failures.clamp(1, 16) - 1).unwrap_or_default();
    let longest = polling.longest.max(FIRST_RETRY);
    let interval = FIRST_RETRY.checked_mul(1 << doublings).map_or(longest, |interval| interval.min(longest));
    scattered(interval, chance).max(TimeDelta::seconds(1))
}

fn scattered(interval: TimeDelta, share: f64) -> TimeDelta {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an interval of at most a day, in milliseconds")]
    let part = (interval.num_milliseconds() as f64 * share.clamp(0.0, 1.0)) as i64;
    TimeDelta::milliseconds(part)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::ids::{self, CalendarId};

    fn polling() -> Polling {
        Polling {
            shortest: TimeDelta::minutes(5),
            longest: TimeDelta::minutes(30),
            at_once: 4,
            timezone: chrono_tz::UTC,
            jobs: BTreeMap::new(),
            submit_after: None,
            retention_months: 25,
        }
    }

    fn poll() -> Poll {
        Poll {
            calendar: CalendarId(ids::fresh()),
            due_at: DateTime::UNIX_EPOCH,
            pace_seconds: 0,
            wants_full: true,
            cursor: crate::model::connection::Cursor::default(),
            tried_at: None,
            changed_at: None,
            failures: 0,
            failing_since: None,
            failure: None,
        }
    }

    fn minutes(poll: &Poll) -> i64 {
        (poll.due_at - DateTime::UNIX_EPOCH).num_minutes()
    }

    #[test]
    fn a_quiet_calendar_is_read_less_often_and_a_busy_one_at_once_again() {
        let mut now = poll();
        let mut paces = Vec::new();
        for _ in 0..7 {
            now = next(&now, Went::Same, &polling(), DateTime::UNIX_EPOCH, 0.0);
            paces.push(minutes(&now));
        }
        assert_eq!(paces, [5, 7, 11, 16, 25, 30, 30]);
        let busy = next(&now, Went::Changed, &polling(), DateTime::UNIX_EPOCH, 0.0);
        assert_eq!((minutes(&busy), busy.changed_at), (5, Some(DateTime::UNIX_EPOCH)));
    }

    #[test]
    fn failures_are_tried_again_at_ever_longer_intervals_and_forgotten_by_success() {
        let mut now = poll();
        let mut waits = Vec::new();
        for _ in 0..9 {
            now = next(&now, Went::Failed("no connection"), &polling(), DateTime::UNIX_EPOCH, 1.0);
            waits.push((now.due_at - DateTime::UNIX_EPOCH).num_seconds());
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
        assert_eq!((now.failures, now.failing_since), (9, Some(DateTime::UNIX_EPOCH)));
        let read = next(&now, Went::Same, &polling(), DateTime::UNIX_EPOCH, 0.5);
        assert_eq!((read.failures, read.failing_since, read.failure), (0, None, None));
    }

    #[test]
    fn a_provider_that_names_a_time_is_left_in_peace_until_then() {
        let wait = |chance| next(&poll(), Went::Later(Some(TimeDelta::seconds(90))), &polling(), DateTime::UNIX_EPOCH, chance).due_at;
        assert_eq!(wait(0.0), DateTime::UNIX_EPOCH + TimeDelta::seconds(90));
        assert!(wait(1.0) <= DateTime::UNIX_EPOCH + TimeDelta::seconds(100));
    }
}
