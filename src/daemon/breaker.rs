//! A provider that is down is not asked again and again for every calendar: after some failures in a row it is left in peace, then asked
//! once, and everything goes on if it answers. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// Failures in a row, of any calendars, after which a provider counts as down.
const FAILURES_MAX: u32 = 5;
/// How long it is then left in peace; twice as long each time it still does not answer.
const PEACE: TimeDelta = TimeDelta::seconds(30);
const PEACE_MAX: TimeDelta = TimeDelta::minutes(10);

/// What is known of a provider's health.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Breaker {
    failures: u32,
    until: Option<DateTime<Utc>>,
    peace: Option<TimeDelta>,
}

impl Breaker {
    /// Whether it may be asked now; if not, how long to wait. Whoever is let through after a time of peace is the only one for the next.
    pub(super) fn admit(&mut self, now: DateTime<Utc>) -> Result<(), TimeDelta> {
        match self.until {
            Some(until) if until > now => Err(until - now),
            Some(_) => {
                self.until = Some(now + PEACE);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// It answered, whatever it said.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// It did not.
    pub(super) fn failed(&mut self, now: DateTime<Utc>) {
        self.failures += 1;
        if self.failures >= FAILURES_MAX {
            let peace = self.peace.map_or(PEACE, |peace| (peace * 2).min(PEACE_MAX));
            (self.peace, self.until) = (Some(peace), Some(now + peace));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_is_down_is_asked_once_after_a_time_of_peace_and_is_back_when_it_answers() {
        let (mut breaker, start) = (Breaker::default(), DateTime::UNIX_EPOCH);
        for _ in 0..FAILURES_MAX {
            assert_eq!(breaker.admit(start), Ok(()));
            breaker.failed(start);
        }
        assert_eq!(breaker.admit(start), Err(PEACE));
        let later = start + PEACE;
        assert_eq!(breaker.admit(later), Ok(()));
        assert_eq!(breaker.admit(later), Err(PEACE), "only one is let through");
        breaker.failed(later);
        assert_eq!(breaker.admit(later), Err(PEACE * 2));
        breaker.answered();
        assert_eq!(breaker.admit(later), Ok(()));
    }
}
