//! House policy: rounding, limits on a day, and the date up to which the books are locked.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::model::words::words;

words! {
    /// Where rounding happens (S17).
    RoundPer {
        Entry = "entry",
        /// Person, date, project and billable flag together; the rounded total is shared out by largest remainder.
        Day = "day",
    }
}

words! {
    /// Which way rounding goes.
    RoundTo {
        Nearest = "nearest",
        Up = "up",
        Down = "down",
    }
}

/// How exact seconds become the seconds shown on a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "rounding")]
#[serde(deny_unknown_fields)]
pub(crate) struct Rounding {
    /// Step in minutes; 0 keeps exact seconds.
    #[serde(default)]
    pub(crate) minutes: u16,
    #[serde(default = "per_entry")]
    pub(crate) per: RoundPer,
    #[serde(default = "to_nearest")]
    pub(crate) to: RoundTo,
}

fn per_entry() -> RoundPer {
    RoundPer::Entry
}

fn to_nearest() -> RoundTo {
    RoundTo::Nearest
}

/// A length of time as people write it: `45m`, `10h`, `1h30m`.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total = 0_i64;
    while !rest.is_empty() {
        let end = rest.find(|char: char| !char.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok().filter(|number| *number < 100_000)?;
        total += number
            * match rest.as_bytes()[end] {
                b'h' => 3600,
                b'm' => 60,
                _ => return None,
            };
        rest = &rest[end + 1..];
    }
    (!text.trim().is_empty()).then_some(total)
}

impl std::fmt::Display for Rounding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.minutes {
            0 => out.write_str("exact"),
            minutes => write!(out, "to {minutes} minutes ({}), per {}", self.to, self.per),
        }
    }
}

impl Default for Rounding {
    fn default() -> Self {
        Self { minutes: 0, per: per_entry(), to: to_nearest() }
    }
}

impl Rounding {
    /// Rounds a total of exact seconds.
    pub(crate) fn of(self, seconds: i64) -> i64 {
        let step = i64::from(self.minutes) * 60;
        if step == 0 {
            return seconds;
        }
        let steps = match self.to {
            RoundTo::Nearest => (seconds + step / 2).div_euclid(step),
            RoundTo::Up => (seconds + step - 1).div_euclid(step),
            RoundTo::Down => seconds.div_euclid(step),
        };
        steps * step
    }
}

/// A `suspicious` rule on the total of a day (`day_total`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DayLimit {
    pub(crate) rule: String,
    pub(crate) reason: String,
    pub(crate) text: String,
    /// Raised when the exact total reaches this many seconds.
    pub(crate) min_seconds: i64,
}

/// House policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) rounding: Rounding,
    pub(crate) day_limits: Vec<DayLimit>,
    /// Nothing is drafted up to and including this date.
    pub(crate) locked_through: Option<NaiveDate>,
}

impl Policy {
    /// What `kalends.yaml` says otherwise in another policy: what, from, to. Limits on a day come from the rules.
    pub(crate) fn differences(&self, other: &Self) -> Vec<(&'static str, String, String)> {
        let through = |policy: &Self| policy.locked_through.map_or_else(|| "nothing".to_owned(), |date| date.to_string());
        let rounding = ("rounding", self.rounding.to_string(), other.rounding.to_string());
        let locked = ("locked_through", through(self), through(other));
        [rounding, locked].into_iter().filter(|(_, from, to)| from != to).collect()
    }
}
