//! People whose time is recorded, and the calendars they keep.

use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use serde::{Deserialize, Serialize};

use crate::model::{
    day::Zones,
    ids::{CalendarId, ConnectionId, StaffId},
    words::words,
};

/// A person whose time is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Staff {
    pub(crate) id: StaffId,
    pub(crate) name: String,
    /// Lower-case addresses; the first names her in lists.
    pub(crate) addresses: Vec<String>,
    pub(crate) zones: Zones,
    pub(crate) working: Working,
    /// Nothing before this date becomes time (S20).
    pub(crate) first_day: NaiveDate,
    /// Nothing after this date does; none while she works here.
    pub(crate) last_day: Option<NaiveDate>,
}

impl Staff {
    /// The address that names her.
    pub(crate) fn email(&self) -> &str {
        self.addresses.first().map_or("", String::as_str)
    }

    pub(crate) fn has_address(&self, email: &str) -> bool {
        self.addresses.iter().any(|own| own == email)
    }

    /// Whether her time on a date is recorded at all.
    pub(crate) fn works_on(&self, date: NaiveDate) -> bool {
        self.first_day <= date && self.last_day.is_none_or(|last| date <= last)
    }

    /// Whether her last day has passed: then she signs in no more, nor do her tokens work.
    pub(crate) fn has_left(&self, now: DateTime<Utc>) -> bool {
        self.last_day.is_some_and(|last| last < self.zones.date_of(now))
    }
}

/// A working pattern: seconds of each weekday, Monday first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Working(pub(crate) [u32; 7]);

impl Default for Working {
    /// Eight hours from Monday to Friday.
    fn default() -> Self {
        Self([28_800, 28_800, 28_800, 28_800, 28_800, 0, 0])
    }
}

impl Working {
    /// Seconds she is to work on a date.
    pub(crate) fn on(&self, date: NaiveDate) -> u32 {
        self.0[date.weekday().num_days_from_monday() as usize]
    }

    /// Whether she works on the same weekdays: on these, all-day events may have hours (S19).
    pub(crate) fn has_days_of(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| (*mine > 0) == (*theirs > 0))
    }
}

/// As it is typed; `none` if every day is free.
impl std::fmt::Display for Working {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let week: Vec<_> = days.into_iter().zip(self.0).collect();
        let runs = week.chunk_by(|one, next| one.1 == next.1).filter(|run| run[0].1 > 0);
        let part = |unit: char, count: u32| if count > 0 { format!("{count}{unit}") } else { String::new() };
        let told = runs.map(|run| {
            let days = if run.len() > 1 { format!("{}-{}", run[0].0, run[run.len() - 1].0) } else { run[0].0.to_owned() };
            let (minutes, seconds) = (run[0].1 / 60, run[0].1 % 60);
            format!("{days}={}{}{}", part('h', minutes / 60), part('m', minutes % 60), part('s', seconds))
        });
        let told: Vec<String> = told.collect();
        f.write_str(if told.is_empty() { "none" } else { "" })?;
        f.write_str(&told.join(","))
    }
}

/// `mon-thu=8h,fri=6h30m`: days that are not named are free.
impl std::str::FromStr for Working {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no working pattern such as mon-fri=8h or mon-thu=8h,fri=6h30m");
        let mut pattern = [0; 7];
        for part in text.split(',') {
            let (days, time) = part.trim().split_once('=').ok_or_else(wrong)?;
            let (first, last) = days.split_once('-').unwrap_or((days, days));
            let place = |day: &str| day.trim().parse().map(|day: Weekday| day.num_days_from_monday() as usize).map_err(|_| wrong());
            let seconds = super::policy::seconds(time).and_then(|seconds| u32::try_from(seconds).ok()).filter(|seconds| *seconds <= 86_400);
            let (first, last, seconds) = (place(first)?, place(last)?, seconds.ok_or_else(wrong)?);
            pattern.get_mut(first..=last).ok_or_else(wrong)?.fill(seconds);
        }
        Ok(Self(pattern))
    }
}

words! {
    /// How much of a calendar is kept (S8).
    Privacy {
        /// Everything, but of private events only that the time is taken.
        Full = "full",
        /// Of every event only that the time is taken.
        BusyBlock = "busy-block",
        /// Nothing.
        Ignore = "ignore",
    }
}

words! {
    /// Whose events of a calendar count (S23).
    Whose {
        /// Those the person organises or is invited to.
        Mine = "mine",
        All = "all",
    }
}

/// One source of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) id: CalendarId,
    pub(crate) staff: StaffId,
    pub(crate) name: String,
    /// Where it is read from: a file's path, a provider's name for the calendar, or the shown part of a feed's address.
    pub(crate) location: String,
    /// The grant it is read with; none for a file.
    pub(crate) connection: Option<ConnectionId>,
    /// The address of the person the calendar belongs to.
    pub(crate) owner: String,
    pub(crate) whose: Whose,
    pub(crate) privacy: Privacy,
    /// Its place in the person's order; the earliest leads among copies (S18).
    pub(crate) position: i64,
}

/// A calendar and what its last pass left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) calendar: Calendar,
    /// Of the answer last taken over whole.
    pub(crate) digest: Option<String>,
    pub(crate) last_success: Option<DateTime<Utc>>,
    pub(crate) held: Option<Held>,
    /// Nobody wants it read for the time being.
    pub(crate) paused: bool,
    /// It is read no more; what it said stands (S7).
    pub(crate) removed_at: Option<DateTime<Utc>>,
}

/// Removals that wait for a person, or for the calendar to say the same again (S7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// Names exactly which events vanished.
    pub(crate) digest: String,
    /// Meetings, a series as one.
    pub(crate) meetings: usize,
    /// Equal answers so far.
    pub(crate) answers: u32,
    pub(crate) counted_at: DateTime<Utc>,
    /// A person said that this deletion is meant.
    #[serde(default)]
    pub(crate) accepted: bool,
}
