//! What does not answer is not asked again and again for every calendar: an account after some failures in a row, a provider once several
//! of its accounts fail in a row. It is left in peace, then asked once, and everything goes on if it answers. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{connection::Provider, ids::ConnectionId};

/// Failures in a row, of any calendars, after which nothing more is expected.
const FAILURES_MAX: u32 = 5;
/// How long it is then left in peace; twice as long each time it still does not answer.
const PEACE: TimeDelta = TimeDelta::seconds(30);
const PEACE_MAX: TimeDelta = TimeDelta::minutes(10);

/// Whoever may be left in peace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    Account(ConnectionId),
    Provider(Provider),
}

impl Asked {
    /// How many accounts have to fail: one broken mailbox says nothing of the others.
    fn accounts_min(self) -> usize {
        match self {
            Self::Account(_) => 1,
            Self::Provider(_) => 2,
        }
    }
}

/// What is known of its health.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Breaker {
    failures: u32,
    accounts: BTreeSet<ConnectionId>,
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

    /// It did not, for this account.
    pub(super) fn failed(&mut self, asked: Asked, account: ConnectionId, now: DateTime<Utc>) {
        self.failures += 1;
        self.accounts.insert(account);
        if self.failures >= FAILURES_MAX && self.accounts.len() >= asked.accounts_min() {
            let peace = self.peace.map_or(PEACE, |peace| (peace * 2).min(PEACE_MAX));
            (self.peace, self.until) = (Some(peace), Some(now + peace));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids;

    #[test]
    fn what_is_down_is_asked_once_after_a_time_of_peace_and_is_back_when_it_answers() {
        let (mut breaker, start, account) = (Breaker::default(), DateTime::UNIX_EPOCH, ConnectionId(ids::fresh()));
        let failed = |breaker: &mut Breaker, at| breaker.failed(Asked::Account(account), account, at);
        for _ in 0..FAILURES_MAX {
            assert_eq!(breaker.admit(start), Ok(()));
            failed(&mut breaker, start);
        }
        assert_eq!(breaker.admit(start), Err(PEACE));
        let later = start + PEACE;
        assert_eq!(breaker.admit(later), Ok(()));
        assert_eq!(breaker.admit(later), Err(PEACE), "only one is let through");
        failed(&mut breaker, later);
        assert_eq!(breaker.admit(later), Err(PEACE * 2));
        breaker.answered();
        assert_eq!(breaker.admit(later), Ok(()));
    }

    #[test]
    fn one_broken_mailbox_stops_nobody_else() {
        let (mut breaker, start) = (Breaker::default(), DateTime::UNIX_EPOCH);
        let (provider, broken) = (Asked::Provider(Provider::Google), ConnectionId(ids::fresh()));
        for _ in 0..20 {
            breaker.failed(provider, broken, start);
        }
        assert_eq!(breaker.admit(start), Ok(()));
        breaker.failed(provider, ConnectionId(ids::fresh()), start);
        assert_eq!(breaker.admit(start), Err(PEACE), "two that fail with nobody between who does not are the provider");
    }
}
