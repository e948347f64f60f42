//! The only reader of wall time.
//!
//! A struct and not a trait: there are two cases, both known. Times are whole microseconds, since PostgreSQL keeps no more and both
//! databases must give back what was written.

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time: the machine's, or one that stands still.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(Option<DateTime<Utc>>);

impl Clock {
    /// The machine's time.
    pub(crate) fn system() -> Self {
        Self(None)
    }

    /// A time that stands still: the demo and tests give the same answer whenever they run.
    pub(crate) fn standing(at: DateTime<Utc>) -> Self {
        Self(Some(at))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads wall time")]
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.unwrap_or_else(|| Utc::now().trunc_subsecs(6))
    }
}
